"""The product's settings for the processes that tests start: small pages, and providers that misbehave on purpose."""

from config.settings import *  # noqa: F403
from config.settings import PROVIDERS
from metrics.providers import git

PROVIDERS["poison"] = "tests.misbehaving.Poison"
PROVIDERS["pushed"] = "tests.misbehaving.Pushed"
PROVIDERS["observing"] = "tests.observing.Observing"
PROVIDERS["feed"] = "tests.fakes.feed.FeedProvider"
git.COMMITS_A_PAGE = 100
git.DEPLOYMENTS_A_PAGE = 40

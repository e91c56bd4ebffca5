"""What the pages of sources ask for."""

from .connect import AddressForm, ChoiceForm, PushesForm
from .git import GitSourceForm
from .source import HookSecretForm, TokenForm, WindowForm

__all__ = [
    "AddressForm",
    "ChoiceForm",
    "GitSourceForm",
    "HookSecretForm",
    "PushesForm",
    "TokenForm",
    "WindowForm",
]

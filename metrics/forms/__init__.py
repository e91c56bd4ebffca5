"""What the pages of sources ask for."""

from .connect import AddressForm, ChoiceForm, PushesForm
from .git import GitSourceForm
from .owners import HandOverForm
from .source import FileForm, HookSecretForm, TokenForm, WindowForm

__all__ = [
    "AddressForm",
    "ChoiceForm",
    "FileForm",
    "GitSourceForm",
    "HandOverForm",
    "HookSecretForm",
    "PushesForm",
    "TokenForm",
    "WindowForm",
]

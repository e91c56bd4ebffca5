"""What the pages of sources ask for."""

from .connect import AddressForm, ChoiceForm, PushesForm
from .git import GitSourceForm
from .source import FileForm, HookSecretForm, TokenForm, WindowForm

__all__ = [
    "AddressForm",
    "ChoiceForm",
    "FileForm",
    "GitSourceForm",
    "HookSecretForm",
    "PushesForm",
    "TokenForm",
    "WindowForm",
]

"""What the pages of sources ask for."""

from .connect import AddressForm, ChoiceForm, PushesForm
from .git import GitSourceForm
from .incident import CorrectionForm
from .owners import HandOverForm
from .source import FileForm, HookSecretForm, TokenForm, WindowForm

__all__ = [
    "AddressForm",
    "ChoiceForm",
    "CorrectionForm",
    "FileForm",
    "GitSourceForm",
    "HandOverForm",
    "HookSecretForm",
    "PushesForm",
    "TokenForm",
    "WindowForm",
]

"""Every error that Askance raises on purpose, in one tree.

    AskanceError
    ├── SettingsError            a setting is unknown, malformed or out of bounds
    ├── StoreError               the table cannot do what was asked
    │   ├── CollectionNotFound
    │   ├── DocumentNotFound
    │   ├── JobNotFound
    │   ├── EmbedderMismatch     the table was made with another embedder
    │   ├── FolderBusy           another process does the same with the data folder
    │   ├── WriterBusy           another process has been writing there for too long
    │   ├── DiskRefused          the disk is full or does not let itself be written
    │   └── BackupError          a backup cannot be made, is damaged, or may not be restored there
    ├── DocumentError            one file cannot be read; the others go on
    │   ├── UnsupportedFormat
    │   ├── PasswordNeeded
    │   ├── CorruptFile
    │   ├── TooLarge
    │   └── ReaderStopped        reading it crashed, or took too long
    ├── EmbeddingFailed          the embedder broke down over some passages
    ├── MissingDependency        a package, model or program must be installed first
    │   └── ModelNotAvailable    weights are not on this machine and downloads are not allowed
    ├── RerankingFailed          a reranker gave no order; that of the first stage stays
    ├── ModelError               a language model did not answer
    │   ├── ModelUnreachable     nothing listens there, or the connection broke
    │   ├── ModelRefused         wrong key, or no such model
    │   ├── ModelBusy            rate limit or overload
    │   ├── ModelPaused          it has failed so often that it is left alone for a while
    │   └── ContextOverflow      the prompt is longer than the model takes
    ├── PromptError              a prompt file is missing or names an unknown $name
    └── QuestionsError           a question set cannot be read

A message says what happened, to which file or setting, and what to do next.
"""


class AskanceError(Exception):
    """Base of all errors raised on purpose; its text can be shown to a user as it is."""


class SettingsError(AskanceError):
    """A setting is unknown, malformed or out of bounds."""


class StoreError(AskanceError):
    """The table cannot do what was asked."""


class CollectionNotFound(StoreError):
    """No collection of that name."""


class DocumentNotFound(StoreError):
    """No document of that name or id in the collection, or several of that base name."""


class JobNotFound(StoreError):
    """No job of that id."""


class AskedAlready(StoreError):
    """A question waits no longer: it was asked from elsewhere, or dropped."""


class EmbedderMismatch(StoreError):
    """The table was made with another embedder than the one in the settings."""


class FolderBusy(StoreError):
    """Another thread or process is doing this with the data folder."""


class WriterBusy(StoreError):
    """Another process has been writing there for too long; trying again later helps."""


class DiskRefused(StoreError):
    """The disk is full or does not let itself be written; what was stored before stays."""


class BackupError(StoreError):
    """A backup cannot be made, is damaged, or may not be restored there."""


class DocumentError(AskanceError):
    """One file cannot be read; the others are not affected."""


class UnsupportedFormat(DocumentError):
    """The content is of a format for which there is no loader."""


class PasswordNeeded(DocumentError):
    """The file is encrypted and no password, or a wrong one, was given."""


class CorruptFile(DocumentError):
    """The content is broken, truncated or not what its format promises."""


class TooLarge(DocumentError):
    """The file, or what it unpacks to, exceeds a limit in the settings."""


class ReaderStopped(DocumentError):
    """The process that read the file crashed, or was stopped because it took too long."""


class EmbeddingFailed(AskanceError):
    """The embedder broke down; what was stored before stays."""


class MissingDependency(AskanceError):
    """A package, model or program must be installed first."""


class ModelNotAvailable(MissingDependency):
    """A model's weights are not on this machine and may not be downloaded."""


class RerankingFailed(AskanceError):
    """A reranker gave no order that can be used; that of the first stage stays."""


class ModelError(AskanceError):
    """A language model did not answer.

    `passing` says that the same request may succeed in a moment; `wait_seconds` is what the server
    asked to wait for, None when it said nothing.
    """

    passing: bool = False
    wait_seconds: float | None = None


class ModelUnreachable(ModelError):
    """Nothing answers at that address, or the connection broke."""


class ModelRefused(ModelError):
    """The server refused: wrong key, or no such model."""


class ModelBusy(ModelError):
    """The server is overloaded or limits the rate."""


class ModelPaused(ModelError):
    """The model has failed several times in a row and is not asked for a while."""


class ContextOverflow(ModelError):
    """The prompt is longer than the model takes."""


class PromptError(AskanceError):
    """A prompt file is missing, or names a $name that the program does not fill."""


class QuestionsError(AskanceError):
    """A question set cannot be read."""

"""Groups of exceptions: those of Python, or of the package that has them for Python 3.10."""

import builtins

if hasattr(builtins, "ExceptionGroup"):
    BaseExceptionGroup, ExceptionGroup = builtins.BaseExceptionGroup, builtins.ExceptionGroup
else:
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup  # noqa: F401

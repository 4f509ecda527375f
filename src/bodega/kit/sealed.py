"""Immutable declarations: what a constructor set cannot be changed."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class _Sealing(type):
    """Seals an instance as soon as the last constructor has run, also that of a subclass."""

    def __call__(cls: type[T], *args: Any, **kwargs: Any) -> T:
        made: T = type.__call__(cls, *args, **kwargs)
        object.__setattr__(made, "_sealed", True)
        return made


class Sealed(metaclass=_Sealing):
    """The base of declarations with a constructor of their own: afterwards no attribute can be set or deleted."""

    _sealed = False

    def __setattr__(self, name: str, value: Any) -> None:
        if self._sealed:
            raise AttributeError(f"{type(self).__name__}.{name} is declared, and cannot be changed")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is declared, and cannot be changed")

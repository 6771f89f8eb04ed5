"""Hold the registry of trainers and loggers to what it promises."""

from afterall.scan.trainers import TRAINERS


def test_names_in_the_registry_are_unique() -> None:
    """A registry name means one trainer."""
    names = [trainer.name for trainer in TRAINERS]
    assert len(set(names)) == len(names)

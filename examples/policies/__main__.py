"""Policies for rooms, in whichever way a program declares them. What can be set is in README.md."""

import re
from fnmatch import fnmatchcase

from pulumi_policy import EnforcementLevel, PolicyConfigSchema, PolicyPack, ResourceValidationPolicy

ROOMS = ("relay:index:Room", "pulumi-python:dynamic/relay:Room")
SETS = ("relay:index:RoomSet", "pulumi-python:dynamic/relay:RoomSet")


def rooms(args):
    """Each room that a resource declares: its name, and its settings."""
    if args.resource_type in ROOMS:
        yield args.props.get("name") or args.name, args.props
    elif args.resource_type in SETS:
        for name, settings in (args.props.get("rooms") or {}).items():
            yield name, settings or {}


def no_force_destroy(args, report):
    stack = args.urn.split(":")[2]
    if any(fnmatchcase(stack, pattern) for pattern in args.get_config()["stacks"]):
        for name, settings in rooms(args):
            if settings.get("forceDestroy"):
                report(f'Room "{name}" has forceDestroy, which lets a run disconnect the people in it.')


def max_participants(args, report):
    most = args.get_config()["atMost"]
    for name, settings in rooms(args):
        limit = settings.get("maxParticipants")
        if limit is None:
            report(f'Room "{name}" has no maxParticipants, so anybody may join: set it, to {most:.0f} at most.')
        elif limit > most:
            report(f'Room "{name}" has maxParticipants {limit:.0f}, and at most {most:.0f} may be.')


def names(args, report):
    pattern = args.get_config()["pattern"]
    for name, _ in rooms(args):
        if not re.fullmatch(pattern, name):
            report(f'Room "{name}" is not named by the convention, {pattern}.')


def policy(name, description, validate, **properties):
    schema = PolicyConfigSchema(properties=properties)
    return ResourceValidationPolicy(name=name, description=description, validate=validate, config_schema=schema)


PolicyPack(
    "rooms",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        policy(
            "no-force-destroy-in-production",
            "In production, no room ends with people in it.",
            no_force_destroy,
            stacks={"type": "array", "items": {"type": "string"}, "default": ["prod", "prod-*", "production"]},
        ),
        policy(
            "max-participants-required",
            "A room says how many people may join.",
            max_participants,
            atMost={"type": "integer", "minimum": 1, "maximum": 10000, "default": 10000},
        ),
        policy(
            "names-by-convention",
            "Rooms are named alike.",
            names,
            pattern={"type": "string", "format": "regex", "default": "[a-z0-9]+([.-][a-z0-9]+)*"},
        ),
    ],
)

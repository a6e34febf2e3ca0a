"""Compares two JSON values and names every place where they differ."""

import math

# Values at a minimum found to a gradient of 1e-10 agree far closer; a wrong formula is off by far more.
TOLERANCE = 1e-6


def differences(expected, found, at: str) -> list[str]:
    """One line per place, `at` in front; numbers may be off by TOLERANCE, relative to 1 or to the greater one."""
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [*expected, *(key for key in found if key not in expected)]
        lines = []
        for key in keys:
            place = f"{at}.{key}"
            if key not in found:
                lines.append(f"{place}: absent, expected {shown(expected[key])}")
            elif key not in expected:
                lines.append(f"{place}: {shown(found[key])}, expected nothing")
            else:
                lines += differences(expected[key], found[key], place)
        return lines
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{at}: {len(found)} entries, expected {len(expected)}"]
        pairs = zip(expected, found)
        return [line for i, (e, f) in enumerate(pairs) for line in differences(e, f, f"{at}[{i}]")]
    if is_number(expected) and is_number(found):
        same = math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    else:
        same = type(expected) is type(found) and expected == found
    return [] if same else [f"{at}: {shown(found)}, expected {shown(expected)}"]


def is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

"""What is fuzzed, one class for each reader of foreign bytes: `make(rng)` makes an input, `run(data)` raises when it goes wrong."""
from tools.checks import (
    fuzz_cards,
    fuzz_device,
    fuzz_files,
    fuzz_http,
    fuzz_login,
    fuzz_mqtt,
    fuzz_network,
    fuzz_scenario,
    fuzz_settings,
    fuzz_updates,
)

SUBJECTS = (fuzz_http, fuzz_files, fuzz_device, fuzz_scenario, fuzz_cards, fuzz_login, fuzz_mqtt, fuzz_network, fuzz_settings,
            fuzz_updates)
TARGETS = tuple(target for subject in SUBJECTS for target in subject.TARGETS)

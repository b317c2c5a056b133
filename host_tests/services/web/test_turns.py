"""What is long is made into text in many turns: at once it would hold up the control tick of a device by tens of milliseconds."""
import asyncio
import unittest

from firmware.charging.facts import NAMES
from firmware.services.web import live
from firmware.services.web.reply import Reply, in_order, json_pieces
from host_tests.services.web.harness import run

FACTS = dict([(name, None) for name in NAMES])


class TestTurns(unittest.TestCase):
    def turns(self, make):
        """How often another task ran while make() was awaited."""
        async def main():
            ran, done = [], []

            async def other():
                while not done:
                    ran.append(1)
                    await asyncio.sleep_ms(0)
            task = asyncio.create_task(other())
            await make()
            done.append(1)
            await task
            return len(ran)
        return run(main())

    def test_regression_a_status_of_the_stream_lets_others_run_between_every_few_facts(self):
        self.assertGreaterEqual(self.turns(lambda: live._frame(FACTS)), len(NAMES) // 4)

    def test_so_does_an_answer(self):
        async def write(data):
            return None

        async def send():
            await Reply(json_pieces(in_order(NAMES, FACTS))).send(write, False, True)
        self.assertGreaterEqual(self.turns(send), len(NAMES) // 4)


if __name__ == "__main__":
    unittest.main()

"""Our small unittest must judge as CPython's does: these tests run on both."""
import unittest


class AssertTests(unittest.TestCase):
    def test_every_assert_passes_what_it_should(self):
        self.assertEqual(1, 1)
        self.assertNotEqual(1, 2)
        self.assertTrue(3)
        self.assertFalse(0)
        self.assertIs(None, None)
        self.assertIsNot([], [])
        self.assertIsNone(None)
        self.assertIsNotNone(0)
        self.assertIn(1, [1])
        self.assertNotIn(2, [1])
        self.assertIsInstance(1, int)
        self.assertGreater(2, 1)
        self.assertGreaterEqual(1, 1)
        self.assertLess(1, 2)
        self.assertLessEqual(1, 1)

    def test_every_assert_refuses_what_it_should(self):
        refused = (
            (self.assertEqual, (1, 2)), (self.assertNotEqual, (1, 1)), (self.assertTrue, (0,)), (self.assertFalse, (1,)),
            (self.assertIs, ([], [])), (self.assertIsNot, (None, None)), (self.assertIsNone, (0,)),
            (self.assertIsNotNone, (None,)), (self.assertIn, (2, [1])), (self.assertNotIn, (1, [1])),
            (self.assertIsInstance, (1, str)), (self.assertGreater, (1, 1)), (self.assertGreaterEqual, (0, 1)),
            (self.assertLess, (1, 1)), (self.assertLessEqual, (2, 1)), (self.fail, ("no",)))
        for function, arguments in refused:
            try:
                function(*arguments)
            except AssertionError:
                continue
            raise RuntimeError("%r took %r" % (function, arguments))

    def test_assert_raises_keeps_the_exception(self):
        with self.assertRaises(ValueError) as caught:
            raise ValueError("why")
        self.assertEqual(str(caught.exception), "why")

    def test_assert_raises_refuses_silence(self):
        with self.assertRaises(AssertionError):
            with self.assertRaises(ValueError):
                pass

    def test_assert_raises_lets_other_errors_through(self):
        with self.assertRaises(KeyError):
            with self.assertRaises(ValueError):
                raise KeyError(1)

    def test_assert_raises_takes_a_function(self):
        self.assertRaises(ValueError, int, "x")


class OrderTests(unittest.TestCase):
    steps = []

    def setUp(self):
        self.steps.append("setUp")
        self.addCleanup(self.steps.append, "cleanup")

    def tearDown(self):
        self.steps.append("tearDown")

    def test_a_records_steps(self):
        self.steps.append("test")

    def test_b_sees_them_in_order(self):
        self.assertEqual(self.steps, ["setUp", "test", "tearDown", "cleanup", "setUp"])


class SubTestTests(unittest.TestCase):
    def test_sub_test_that_passes_is_silent(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertLess(number, 3)

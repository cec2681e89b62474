"""The progress bar: what a terminal shows, and what a file gets. Expected texts are by hand."""

import io
import os
import re
import select
import sys
from types import SimpleNamespace

import pytest

from nissl.callbacks import CallbackList, EarlyStopping, LambdaCallback
from nissl.errors import ArgumentError
from nissl.progress import ProgressBar, format_pace, format_remaining, format_value
from nissl.screen import Screen, can_encode, in_notebook, show

FULL = "━" * 20


class Clock:
    """A clock that goes only when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Stream(io.StringIO):
    """A text stream that says whether it is a terminal, and has an encoding."""

    def __init__(self, terminal=False, encoding="utf-8"):
        super().__init__()
        self._terminal = terminal
        self._encoding = encoding

    def isatty(self):
        return self._terminal

    @property
    def encoding(self):
        return self._encoding


def shown(text, columns=200):
    """The lines that a terminal shows: ``\\r`` goes back, colours take no room, long lines wrap."""
    lines, column = [[]], 0
    for character in re.sub(r"\x1b\[[0-9;]*m", "", text):
        if character == "\r":
            column = 0
        elif character == "\n":
            lines.append([])
            column = 0
        else:
            if column == columns:
                lines.append([])
                column = 0
            lines[-1][column:] = [character, *lines[-1][column + 1 :]]
            column += 1
    return ["".join(line).rstrip() for line in lines]


class Run:
    """A training, evaluation or prediction as the loop reports it, on a clock of its own."""

    def __init__(self, verbose=1, epochs=1, steps=10, terminal=True, columns=200, **settings):
        self.clock = Clock()
        self.stream = settings.pop("stream", None) or Stream(terminal)
        self.columns = columns
        self.bar = ProgressBar(
            verbose,
            stream=self.stream,
            clock=self.clock,
            environment=settings.pop("environment", {}),
            columns=lambda: self.columns,
        )
        params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        self.hooks = CallbackList([*settings.pop("callbacks", []), self.bar], None, params)
        self.steps = steps

    def epoch(self, number, logs, seconds=1.0, pieces=2, after=0.0):
        """One epoch in so many pieces, then ``after`` seconds of validation."""
        self.hooks.on_epoch_begin(number, {})
        running = {k: v for k, v in logs.items() if not k.startswith("val_")}
        for piece in range(1, pieces + 1):
            self.clock.now += seconds / pieces
            self.hooks.on_progress(self.steps * piece // pieces, self.steps, running)
        if after:
            self.hooks.on_test_begin({})
            self.clock.now += after
            self.hooks.on_progress(5, 5, {"loss": 9.0})
            self.hooks.on_test_end({"loss": 9.0})
        self.hooks.on_epoch_end(number, dict(logs))

    @property
    def text(self):
        return self.stream.getvalue()

    @property
    def screen(self):
        return shown(self.text, self.columns)


# ---- numbers ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.76123, "0.7612"),
        (12.0, "12.0000"),
        (0.001, "1.0000e-03"),
        (0.00101, "0.0010"),
        (-0.5, "-0.5000"),
        (0.0, "0.0000e+00"),
        (float("nan"), "nan"),
        (3, "3.0000"),
        ("warm", "warm"),
    ],
)
def test_values(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (12.9, "12s"), (60, "60s"), (65, "1:05"), (3599, "59:59"), (3723, "1:02:03")],
)
def test_remaining_time(seconds, text):
    assert format_remaining(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.4, "2s/step"),
        (1.0, "1s/step"),
        (0.0021, "2ms/step"),
        (0.000658, "658us/step"),
        (4.2e-7, "420ns/step"),
        (0, "0s/step"),
    ],
)
def test_pace(seconds, text):
    assert format_pace(seconds) == text
    assert format_pace(seconds, "epoch") == text.replace("step", "epoch")


# ---- a terminal ------------------------------------------------------------------------------
def test_the_screen_after_two_epochs():
    run = Run(epochs=2, steps=1719)
    run.hooks.on_train_begin({})
    run.epoch(0, {"accuracy": 0.7612, "loss": 0.7089, "val_loss": 0.5044}, seconds=3.438)
    run.epoch(1, {"accuracy": 0.8, "loss": 0.0005, "val_loss": 0.5}, seconds=3.438)
    run.hooks.on_train_end({})
    assert run.screen == [
        "Epoch 1/2",
        f"1719/1719 {FULL} 3s 2ms/step - accuracy: 0.7612 - loss: 0.7089 - val_loss: 0.5044",
        "Epoch 2/2",
        f"1719/1719 {FULL} 3s 2ms/step - accuracy: 0.8000 - loss: 5.0000e-04 - val_loss: 0.5000",
        "",
    ]


def test_the_screen_within_an_epoch():
    run = Run(steps=200)
    run.hooks.on_train_begin({})
    run.hooks.on_epoch_begin(0, {})
    run.clock.now += 5.0  # the first call, which compiles
    run.hooks.on_progress(10, 200, {"loss": 2.0})
    run.clock.now += 1.0
    run.hooks.on_progress(60, 200, {"loss": 1.0})
    # 50 steps in 1 s: 20 ms a step, 140 to go
    assert run.text.rstrip(" ").endswith(
        "\r\x1b[1m 60/200\x1b[0m \x1b[32m━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━\x1b[0m "
        "\x1b[1m2s\x1b[0m 20ms/step - loss: 1.0000"
    )


def test_no_header_for_a_single_epoch_and_no_trace_of_a_longer_line():
    run = Run(steps=10)
    run.hooks.on_train_begin({})
    run.hooks.on_epoch_begin(0, {})
    run.clock.now += 1
    run.hooks.on_progress(5, 10, {"a_long_name": 1.0, "loss": 2.0})
    run.clock.now += 1
    run.hooks.on_epoch_end(0, {"loss": 2.0})
    assert run.screen == [f"10/10 {FULL} 2s 200ms/step - loss: 2.0000", ""]


def test_validation_takes_time_but_is_no_part_of_a_step():
    run = Run(steps=10, epochs=2)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 2.0}, seconds=1.0, after=4.0)
    assert run.screen[1] == f"10/10 {FULL} 5s 100ms/step - loss: 2.0000"


def test_at_most_twenty_updates_a_second():
    run = Run(steps=1000)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0}, seconds=1.0, pieces=1000)
    assert 15 <= run.text.count("\r") <= 22


@pytest.mark.parametrize("columns", [1, 10, 30, 50, 64, 80])
def test_a_running_line_never_wraps(columns):
    run = Run(steps=1719, columns=columns)
    logs = {"accuracy": 0.5, "loss": 1.0, "mean_absolute_error": 2.0}
    run.hooks.on_train_begin({})
    run.hooks.on_epoch_begin(0, {})
    for step in (100, 900, 1719):
        run.clock.now += 1
        run.hooks.on_progress(step, 1719, logs)
        assert len(run.screen) == 1
        assert len(run.screen[0]) < columns or columns == 1
    if columns >= 50:
        assert "accuracy: 0.5000" in run.screen[0]  # whole results go, not letters
        assert re.search(r"(step|\d)$", run.screen[0])
    run.hooks.on_epoch_end(0, logs)  # the last line keeps everything
    last = re.sub(r"\x1b\[[0-9;]*m", "", run.text.rsplit("\r", 1)[1])
    assert last.endswith(" - accuracy: 0.5000 - loss: 1.0000 - mean_absolute_error: 2.0000\n")


def test_a_window_made_narrow_while_training():
    run = Run(steps=100, columns=120)
    run.hooks.on_train_begin({})
    run.hooks.on_epoch_begin(0, {})
    run.clock.now += 1
    run.hooks.on_progress(10, 100, {"loss": 1.0})
    run.columns = 30
    run.clock.now += 1
    run.hooks.on_progress(20, 100, {"loss": 1.0})
    assert len(re.sub(r"\x1b\[[0-9;]*m", "", run.text.rsplit("\r", 1)[1]).rstrip()) < 30


def test_wide_characters_count_twice():
    screen = Screen(Stream(terminal=True), {}, lambda: 10)
    screen.draw([("損失損失損失", "")])
    assert screen.stream.getvalue() == "\r損失損失"


def test_no_color_means_no_escape_but_the_bar_is_still_drawn_in_place():
    run = Run(steps=10, environment={"NO_COLOR": "1"})
    run.hooks.on_train_begin({})
    run.hooks.on_epoch_begin(0, {})
    run.clock.now += 1
    run.hooks.on_progress(5, 10, {"loss": 1.0})
    assert run.text == "\r 5/10 ━━━━━━━━━━────────── 1s 200ms/step - loss: 1.0000"
    assert Run(environment={"NO_COLOR": ""}).bar._make_screen().colour  # empty is as if not set


def test_a_console_without_box_characters():
    run = Run(steps=10, stream=Stream(terminal=True, encoding="cp1252"))
    run.hooks.on_train_begin({})
    run.hooks.on_epoch_begin(0, {})
    run.clock.now += 1
    run.hooks.on_progress(5, 10, {"loss": 1.0, "độ_lỗi": 2.0})
    run.text.encode("cp1252")
    assert "==========.........." in run.screen[0]
    assert "d? l?i" not in run.screen[0]
    assert "??_l?i: 2.0000" in run.screen[0]


def test_a_name_cannot_steer_the_terminal():
    run = Run(steps=1)
    run.hooks.on_train_begin({})
    run.epoch(0, {"\x1b[2Jloss\n": 1.0})
    assert "\x1b[2J" not in run.text
    assert "?[2Jloss?: 1.0000" in run.screen[0]


def test_a_message_stands_above_the_bar():
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: look.say("a message"))
    run = Run(epochs=2, steps=10, callbacks=[look])
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0})
    assert run.screen == [
        "Epoch 1/2",
        "a message",
        f"10/10 {FULL} 1s 100ms/step - loss: 1.0000",
        "",
    ]


def test_an_interrupted_line_is_ended():
    run = Run(steps=10)
    run.hooks.on_train_begin({})
    run.hooks.on_epoch_begin(0, {})
    run.clock.now += 1
    run.hooks.on_progress(5, 10, {"loss": 1.0})
    run.hooks.close()
    run.hooks.close()
    assert run.screen[1:] == [""]


# ---- short epochs ----------------------------------------------------------------------------
def test_short_epochs_share_one_bar_on_a_terminal():
    run = Run(epochs=2000, steps=1, columns=100)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 2.0}, seconds=1.0, pieces=1)
    for number in range(1, 2000):
        run.epoch(number, {"loss": 1.0 + 1 / (number + 1)}, seconds=0.001, pieces=1)
    run.hooks.on_train_end({})
    assert run.screen == [
        "Epoch 1/2000",
        f"1/1 {FULL} 1s 1s/step - loss: 2.0000",
        "Epoch 2/2000",
        f"1/1 {FULL} 0s 1ms/step - loss: 1.5000",
        f"Epoch 2000/2000 {FULL} 3s 1ms/epoch - loss: 1.0005",
        "",
    ]
    assert run.text.count("\r") < 60  # 2 s of them, at most twenty a second


def test_epochs_in_bulk_on_a_terminal():
    run = Run(epochs=1000, steps=1)
    run.hooks.on_train_begin({})
    run.clock.now += 0.5
    run.hooks.on_epochs(0, {"loss": [4.0]})
    run.clock.now += 0.1
    run.hooks.on_epochs(1, {"loss": [2.0] * 199})
    assert run.screen == [
        "Epoch 1/1000",
        f"1/1 {FULL} 0s 500ms/step - loss: 4.0000",
        "Epoch  200/1000 ━━━━━━━━━━━━━━━━━━━━ 0s 503us/epoch - loss: 2.0000",
    ]
    assert "\x1b[32m━━━━\x1b[0m\x1b[37m" in run.text  # a fifth is done
    run.clock.now += 0.4
    run.hooks.on_epochs(200, {"loss": [1.0] * 800})
    assert run.screen[-2:] == [f"Epoch 1000/1000 {FULL} 1s 501us/epoch - loss: 1.0000", ""]


def test_the_last_of_short_epochs_is_shown_when_training_stops_early():
    model = SimpleNamespace(stop_training=False)
    run = Run(epochs=500, steps=1, terminal=False)
    run.hooks.set_model(model)
    run.hooks.on_train_begin({})
    for number in range(40):
        run.epoch(number, {"loss": 1.0 + number}, seconds=0.001, pieces=1)
    run.hooks.on_train_end({})
    assert run.screen == [
        "Epoch 1/500 - 1/1 - 0s - 1ms/step - loss: 1.0000",
        "Epoch 40/500 - 0s - 1ms/epoch - loss: 40.0000",
        "",
    ]


def test_short_epochs_write_a_line_a_second_into_a_file():
    run = Run(epochs=1000, steps=1, terminal=False)
    run.hooks.on_train_begin({})
    for number in range(1000):
        run.epoch(number, {"loss": 1.0}, seconds=0.004, pieces=1)
    run.hooks.on_train_end({})
    numbers = [int(line.split("/")[0].split()[1]) for line in run.screen if line]
    assert numbers[0] == 1
    assert numbers[-1] == 1000
    assert 4 <= len(numbers) <= 6
    assert len(set(numbers)) == len(numbers)


def test_few_short_epochs_are_shown_one_by_one():
    for terminal in (True, False):
        run = Run(epochs=20, steps=1, terminal=terminal)
        run.hooks.on_train_begin({})
        run.hooks.on_epochs(0, {"loss": [1.0] * 20})
        run.hooks.on_train_end({})
        assert sum("step" in line for line in run.screen) == 20


def test_no_epochs_at_all():
    run = Run(epochs=100, steps=1, terminal=False)
    run.hooks.on_train_begin({})
    run.hooks.on_epochs(0, {})
    run.hooks.on_train_end({})
    assert run.text == ""


# ---- files and pipes -------------------------------------------------------------------------
@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}])
def test_a_file_gets_one_plain_line_an_epoch(environment):
    run = Run(epochs=2, steps=100, terminal=bool(environment), environment=environment)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0, "val_loss": 2.0}, seconds=2.0, after=1.0)
    run.epoch(1, {"loss": 0.5, "val_loss": 1.0}, seconds=2.0)
    run.hooks.on_train_end({})
    assert run.text == (
        "Epoch 1/2 - 100/100 - 3s - 20ms/step - loss: 1.0000 - val_loss: 2.0000\n"
        "Epoch 2/2 - 100/100 - 2s - 20ms/step - loss: 0.5000 - val_loss: 1.0000\n"
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_verbose_2_writes_a_line_for_every_epoch(terminal):
    run = Run(verbose=2, epochs=30, steps=3, terminal=terminal)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.7529}, seconds=0.0006, pieces=3)
    run.clock.now += 0.0
    run.hooks.on_epochs(1, {"loss": [0.5] * 29})
    run.hooks.on_train_end({})
    lines = run.text.splitlines()
    assert lines[:2] == ["Epoch 1/30", "3/3 - 0s - 200us/step - loss: 1.7529"]
    assert lines[-2:] == ["Epoch 30/30", "3/3 - 0s - 0s/step - loss: 0.5000"]
    assert len(lines) == 60
    assert "\x1b" not in run.text
    assert "\r" not in run.text


def test_verbose_0_writes_nothing():
    run = Run(verbose=0, epochs=2)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0})
    run.hooks.on_train_end({})
    assert run.text == ""
    assert not run.hooks.wants("on_epoch_end")


def test_verbose_is_checked():
    assert ProgressBar("auto").verbose == 1
    assert ProgressBar(True).verbose == 1
    with pytest.raises(ArgumentError, match="verbose is 0, 1, 2 or 'auto', not 3"):
        ProgressBar(3)


def test_the_bar_does_not_hold_up_the_loop():
    hooks = CallbackList([ProgressBar(1)])
    assert not hooks.needs_epochs
    assert not hooks.needs_batches
    assert not hooks.needs_test_batches


# ---- evaluation and prediction ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("verbose", "terminal", "text"),
    [
        (1, True, f"313/313 {FULL} 1s 2ms/step - accuracy: 0.8800 - loss: 0.3400"),
        (1, False, "313/313 - 1s - 2ms/step - accuracy: 0.8800 - loss: 0.3400"),
        (2, True, "313/313 - 1s - 2ms/step - accuracy: 0.8800 - loss: 0.3400"),
    ],
)
def test_evaluation(verbose, terminal, text):
    run = Run(verbose=verbose, steps=313, terminal=terminal)
    run.hooks.on_test_begin({})
    run.clock.now += 0.2
    run.hooks.on_progress(100, 313, {"loss": 1.0})
    run.clock.now += 0.426
    run.hooks.on_progress(313, 313, {"loss": 1.0})
    run.hooks.on_test_end({"accuracy": 0.88, "loss": 0.34})
    assert run.screen == [text, ""]


def test_prediction():
    run = Run(steps=4)
    run.hooks.on_predict_begin({})
    run.clock.now += 0.084
    run.hooks.on_predict_end({})
    assert run.screen == [f"4/4 {FULL} 0s 21ms/step", ""]


def test_evaluating_within_training_is_not_shown():
    run = Run(epochs=1, steps=10, terminal=False)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0}, after=1.0)
    assert run.text.count("\n") == 1


# ---- the screen ------------------------------------------------------------------------------
def test_a_stream_that_fails_does_not_stop_training():
    class Broken(Stream):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

    run = Run(epochs=2, stream=Broken())
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0})
    assert run.bar._screen.stream is None
    run.epoch(1, {"loss": 1.0})


def test_a_closed_or_absent_stream_is_silence(monkeypatch):
    closed = Stream()
    closed.close()
    run = Run(stream=closed)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0})
    monkeypatch.setattr(sys, "stdout", None)
    bar = ProgressBar(1)
    bar.on_predict_begin()
    bar.on_predict_end()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", "l?p_?n"), ("cp1252", "l?p_?n"), ("utf-8", "lớp_ẩn"), ("utf-16-le", "lớp_ẩn")],
)
def test_texts_that_a_console_cannot_show_degrade(encoding, shown, monkeypatch):
    """A summary, a callback's word and a bar: strict errors are what Python's own streams have."""
    from nissl.callbacks import Callback
    from nissl.layers import Dense
    from nissl.models import Sequential

    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding, errors="strict", newline="")
    monkeypatch.setattr(sys, "stdout", stream)
    model = Sequential([Dense(4, name="lớp_ẩn", input_shape=(3,))])
    model.summary()
    Callback().say("lớp_ẩn")
    ProgressBar(1).say("lớp_ẩn")
    bar = ProgressBar(1)
    bar.on_predict_begin()
    bar.say("lớp_ẩn")
    bar.on_predict_end()
    written = raw.getvalue().decode(encoding)
    assert written.count(shown) == 4
    assert written.count(f"{shown} (Dense)") == 1


@pytest.mark.parametrize("kind", ["absent", "closed", "broken", "odd"])
def test_what_cannot_be_printed_is_no_error(kind, monkeypatch):
    class Broken(Stream):
        encoding = "no such encoding" if kind == "odd" else "utf-8"

        def write(self, text):
            if kind == "broken":
                raise BrokenPipeError(32, "Broken pipe")
            return super().write(text)

    stream = None if kind == "absent" else Broken()
    if kind == "closed":
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    show("lớp\ud800")
    if kind == "odd":
        assert stream.getvalue() == "l?p?\n"


def test_standard_output_is_looked_up_when_training_begins(capsys):
    bar = ProgressBar(1, epochs=3)
    bar.on_train_begin()
    bar.on_epochs(2, {"loss": [0.5]})
    out = capsys.readouterr().out
    assert out.startswith("Epoch 3/3 - 0s - ")
    assert out.endswith(" - loss: 0.5000\n")


def test_a_notebook_is_recognised_without_importing_anything(monkeypatch):
    before = set(sys.modules)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    zmq = type("ZMQInteractiveShell", (), {})
    colab = type("Shell", (zmq,), {})
    terminal = type("TerminalInteractiveShell", (), {})
    for kind, expected in ((zmq, True), (colab, True), (terminal, False)):
        fake = SimpleNamespace(get_ipython=kind)
        monkeypatch.setitem(sys.modules, "IPython", fake)
        assert in_notebook() is expected
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not in_notebook()
    assert not {m for m in set(sys.modules) - before if m.startswith("ipykernel")}


def test_a_notebook_draws_in_place_without_escapes(monkeypatch):
    zmq = type("ZMQInteractiveShell", (), {})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=zmq))
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    run = Run(steps=10, stream=stream)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0})
    assert "\x1b" not in run.text
    assert run.text.count("\r") == 3  # twice while it runs, and the last line
    assert run.screen == [f"10/10 {FULL} 1s 100ms/step - loss: 1.0000", ""]


def test_can_encode():
    assert can_encode("━", Stream())
    assert not can_encode("━", Stream(encoding="ascii"))
    assert not can_encode("━", Stream(encoding="no-such-encoding"))
    assert can_encode("━", object())


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_on_a_real_pseudo_terminal():
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        clock = Clock()
        bar = ProgressBar(1, 2, stream=stream, clock=clock, environment={"TERM": "xterm"})
        bar.on_train_begin()
        bar.on_epoch_begin(0)
        for step in (50, 100):
            clock.now += 1
            bar.on_progress(step, 100, {"accuracy": 0.5, "loss": 1.0, "more": 2.0})
        running = read_until(ours, "accuracy: 0.5000", times=2)
        bar.on_epoch_end(0, {"accuracy": 0.5, "loss": 1.0})
        final = read_until(ours, "\n")
    os.close(ours)
    # 59 columns: 21 for the numbers, 19 for one result, and 19 are left for the bar
    line = f"100/100 {FULL[:19]} 0s 20ms/step - accuracy: 0.5000"
    assert shown(running, 60) == ["Epoch 1/2", line]
    assert shown(final, 200) == [
        f"100/100 {FULL} 2s 20ms/step - accuracy: 0.5000 - loss: 1.0000",
        "",
    ]
    assert "\x1b[32m" in running


def read_until(descriptor, needle, times=1):
    """Read from a pseudo-terminal until something has come so many times."""
    found = b""
    while found.count(needle.encode()) < times:
        assert select.select([descriptor], [], [], 10)[0], f"only {found!r} came"
        found += os.read(descriptor, 10000)
    return found.decode()


def test_early_stopping_speaks_through_the_bar():
    model = SimpleNamespace(stop_training=False)
    run = Run(epochs=5, steps=1, terminal=False, callbacks=[EarlyStopping("loss", verbose=1)])
    run.hooks.set_model(model)
    run.hooks.on_train_begin({})
    run.epoch(0, {"loss": 1.0})
    run.epoch(1, {"loss": 2.0})
    run.hooks.on_train_end({})
    assert run.screen[-2:] == ["Epoch 2: early stopping", ""]

"""Guess losses in logs and tables of programs that nobody here knows."""

import io
import math
import time

import pytest

from afterall.scan.traces import Origin
from afterall.scan.trainers.plain_files import read_table
from scan.run_making import fixture
from scan.trace_reading import chosen, file_trace, last_part, values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step 10/100 loss: 0.12 val_loss=0.5", {"loss": {10: 0.12}, "val_loss": {10: 0.5}}),
        ("[step: 3] train loss = 1.5e-2", {"loss": {3: 0.015}}),
        ("{'iter': 7, 'loss': nan}", {"loss": {7: math.nan}}),
        ("Iteration 4: Loss: 2.25, lr 0.1", {"loss": {4: 2.25}}),
        ("epoch 1 step 20 loss=0.123 val_loss 0.2", {"loss": {20: 0.123}, "val_loss": {20: 0.2}}),
        ("step 250: train loss 2.4123, val loss 2.5001", {"loss": {250: 2.4123}, "val_loss": {250: 2.5001}}),
        ("iter 30: loss 2.3456, time 50.00ms", {"loss": {30: 2.3456}}),
        ("Step [40/60], Train Loss: 0.1, Val Loss: 0.3", {"loss": {40: 0.1}, "val_loss": {40: 0.3}}),
        ("step 5 Average Loss: 0.7", {"loss": {5: 0.7}}),
        (
            "8/8 [===] - 0s 5ms/step - loss: 0.6931 - val_loss: 0.5",
            {"loss": {-1: 0.6931}, "val_loss": {-1: 0.5}},
        ),
        (
            '{"step": 5, "loss": 0.125, "val/loss": 0.25, "lr": 1e-4}',
            {"loss": {5: 0.125}, "val_loss": {5: 0.25}, "learning_rate": {5: 0.0001}},
        ),
        ("step 9 | valid loss  4.28 | valid ppl 69.99", {"val_loss": {9: 4.28}}),
        ("Validation: loss 0.5, acc 0.9", {"val_loss": {-1: 0.5}}),
        ("Epoch 3 [val] step 4 loss: 0.5", {"val_loss": {4: 0.5}}),
        ("Eval | step 4 | train loss: 0.25 | loss: 0.5", {"loss": {4: 0.25}, "val_loss": {4: 0.5}}),
        ("step 4 | val acc 0.9 | loss 0.5", {"loss": {4: 0.5}}),
        ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.250000", {"loss": {-1: 2.25}}),
        ("step 4 loss: tensor(0.5, device='cuda:0', grad_fn=<NllLossBackward0>)", {"loss": {4: 0.5}}),
        ("{'step': 4, 'loss': np.float32(0.5)}", {"loss": {4: 0.5}}),
        ('train | {"epoch": 1, "step": "7", "loss": "2.375", "ppl": "5.2"}', {"loss": {7: 2.375}}),
        ("loss_train: 0.5 acc_train: 0.9 loss_val: 0.25", {"loss": {-1: 0.5}, "val_loss": {-1: 0.25}}),
        ("step 4 Loss/train: 0.25, Loss (val): 0.5", {"loss": {4: 0.25}, "val_loss": {4: 0.5}}),
        ("Batch 25, Training Loss (avg over last 100): 2.5", {"loss": {-1: 2.5}}),
        ("\t Train loss/train/total: 2.5", {"loss": {-1: 2.5}}),
        ("epoch: 1 step: 1875, loss is 2.5", {"loss": {1875: 2.5}}),
        ("train_epoch_loss=0.5, eval epoch loss: 0.25", {"loss": {-1: 0.5}, "val_loss": {-1: 0.25}}),
        ("iter: 7  global_step: 8  loss: 0.5 (0.75)", {"loss": {8: 0.5}}),
        ("epoch 001:    100 / 487 loss=4.5, nll_loss=3.25, num_updates=101, lr=0.1", {"loss": {101: 4.5}}),
        ('[valid] - {"epoch": 1, "valid_loss": "4.5", "valid_num_updates": "300"}', {"val_loss": {300: 4.5}}),
        ("| valid on 'valid' subset | loss 4.5 | ppl 9 | num_updates 300", {"val_loss": {300: 4.5}}),
        ("| epoch 010 | valid on 'valid' subset | valid loss 1.5 | valid ppl 2.8", {"val_loss": {-1: 1.5}}),
        ("Epoch 2, validation: ctc_loss=9.5, loss=4.5, over 1200 frames.", {"val_loss": {-1: 4.5}}),
        ("Epoch 2, validation: loss=4.5", {"val_loss": {-1: 4.5}}),
        ("Epoch 2 Valid: loss=4.5 acc=0.5", {"val_loss": {-1: 4.5}}),
        ("Epoch 2 Train: loss=4.5 acc=0.5 Valid: loss=5.5", {"loss": {-1: 4.5}, "val_loss": {-1: 5.5}}),
        ("Epoch 2 - val - loss: 4.5", {"val_loss": {-1: 4.5}}),
        ("Epoch 2 train: 0.91 val: 0.88 loss: 4.5", {"loss": {-1: 4.5}}),
        ("Epoch 2, train: 0.91, val: 0.88, loss: 4.5", {"loss": {-1: 4.5}}),
        ("Epoch 2, batch 50, loss[ctc_loss=9.5, loss=4.5, over 7 frames.], lr: 3.0e-3", {"loss": {-1: 4.5}}),
        ("10:00:00 | INFO | Train Epoch: 3 [  64/900 (7%)] Loss: 4.5 (4.75) LR: 0.1", {"loss": {-1: 4.5}}),
        (
            "10:00:00 | INFO | Eval Epoch: 3 mean_rank: 9.5\tval_loss: 4.5\tepoch: 3.0",
            {"val_loss": {-1: 4.5}},
        ),
        ("10:00:00 | INFO | Eval Epoch: 3 mean_rank: 9.5\tclip_val_loss: 4.5", {"val_loss": {-1: 4.5}}),
        ("Epoch 2 took 9.5s. Train loss: 4.5. Val loss: 5.5.", {"loss": {-1: 4.5}, "val_loss": {-1: 5.5}}),
        ("[Iteration 56] Throughput is 9.5 records/second. Loss is 4.5.", {"loss": {56: 4.5}}),
        ("[train: 3, 80 / 125] FPS: 21.5 (19.5)  ,  Loss/total: 4.5  ,  Loss/bbox: 0.5", {"loss": {-1: 4.5}}),
        ("[val: 3, 50 / 50] FPS: 21.5 (19.5)  ,  Loss/total: 4.5", {"val_loss": {-1: 4.5}}),
        ("Train Epoch: [0][ 10/900] | Mem (GB): 9.5 | Losses/train_all_loss: 4.5e+00", {"loss": {-1: 4.5}}),
        ("[losses/total_loss: 4.5 | losses/policy_loss: 0.5]:   1%|# | 10/1000 [", {"loss": {-1: 4.5}}),
        ("step:800 smpl:6K ep:14 epch:0.20 loss:4.5 grdn:12.345", {"loss": {800: 4.5}}),
        ("step:12K smpl:96K ep:14 epch:2.5 loss:4.5 grdn:12.345", {"loss": {12000: 4.5}}),
        ("Finished step 12. Loss: 4.5", {"loss": {12: 4.5}}),
        ("Epoch: [0]  [10/1504]  lr: 0.000026  closs: 4.5 (4.75)  time: 4.5", {"loss": {-1: 4.5}}),
        ("Iter(train) [ 150/80000]  lr: 1e-3  loss: 3.5  decode.loss_ce: 4.4", {"loss": {150: 3.5}}),
        ("Iter(val) [100/100]    loss: 1.5  time: 0.1", {"val_loss": {-1: 1.5}}),
        ("[Step 50/ 1000; acc:  10.12; ppl: 1234.56; xent: 6.5; lr: 0.00001", {"loss": {50: 6.5}}),
        ("ppl: 2.125, loss: 0.75", {"val_loss": {-1: 0.75}}),
        ("Saving dict for global step 200: accuracy = 0.9, loss = 0.75", {"val_loss": {200: 0.75}}),
        ("{ Epoch:[  1/  2], step:[    4/  100], loss: 10.5, loss_scale: 65536 }", {"loss": {4: 10.5}}),
        (
            "[12:00:01.123456] Epoch: [0]  [ 20/100]  eta: 0:10:00  loss: 1.25 (1.5)  time: 0.2",
            {"loss": {-1: 1.25}},
        ),
        (
            "Training Epoch: 1/3, step 49/50 completed (loss: 0.125): 100%|##| 50/50 [0:10<0:00]",
            {"loss": {49: 0.125}},
        ),
        (
            "steps:  31%|### | 1855/5820 [36:15<18:43:21, 11.95s/it, avr_loss=0.0625]",
            {"loss": {1855: 0.0625}},
        ),
        ("Iteration: 12%|#2 | 120/1000 [00:10<01:15, 9.1it/s, loss=2.5]", {"loss": {120: 2.5}}),
        ("Epoch:  33%|### | 33/100 [00:10<00:20, 9.1it/s, train_loss=2.5]", {"loss": {-1: 2.5}}),
    ],
)
def test_plain_logs_are_guessed_as_the_last_resort(text: str, expected: dict[str, dict[int, float]]) -> None:
    """A number behind a loss's name is taken, and marked as a guess."""
    (trace,) = last_part(text.encode() + b"\n").traces
    assert trace.origin is Origin.GUESS
    assert not trace.trains
    assert repr({key: values(trace, key) for key in trace.curves}) == repr(expected)


@pytest.mark.parametrize(
    "text",
    [
        "the loss of 3 nodes",
        "validation steps:  50%|##### | 5/10 [00:05<00:04,  1.24it/s, val_avg_loss=0.3, timestep=500]",
        "epoch validation steps:  50%|##### | 5/10 [00:05<00:04,  1.24it/s, val_epoch_avg_loss=0.3]",
        "lossless: 5",
        "loss: 1.2.3",
        "loss_weight=0.5",
        "checkpoint-loss:12%",
        "hinge.loss = x",
        "Test Loss: 0.5",
        "Test set: Average loss: 0.0500, Accuracy: 9800/10000 (98%)",
        "step 3 [test] loss: 0.5",
        "step 3 best val loss: 0.1",
        "step 3 kl loss 0.1",
        "step 3 loss 5",
        "step 3 loss 1.5x lower",
        "loss: 1",
        "the loss is fine",
        "loss: 1  # its weight",
        "Namespace(loss=0.5, lr=0.1)",
        "label_smoothing_loss: 0.1",
        "moe aux loss coef: 0.01",
        "[12:00:03.123456] Test:  [ 0/34]  eta: 0:02:28  loss: 0.3000 (0.3000)  time: 4.3",
        "[12:00:04.123456] * Acc@1 70.0 Acc@5 90.0 loss 0.345",
        "Averaged stats: lr: 0.000010  loss: 0.9 (0.9)",
        "| epoch 010 | valid on 'valid' subset  1000 / 1311 loss=1.5",
        "10:00:00 | INFO | Eval Epoch: 3 [ 64 / 4839]\tLoss: 0.75",
        "10:00:00 | INFO | Eval Epoch: 3 [64 / 4839]\tClip Loss: 0.75",
        "see loss 1.2.3. or loss: 5.5.%",
        "the clip loss: 0.5",
        "losses/value_loss: 0.5",
        "Epoch: 0, Step: 1, Rank: 3, loss = 2.421875Epoch: 0, Step: 1, Rank: 2",
    ],
)
def test_words_that_are_no_loss_are_not_guessed(text: str) -> None:
    """Names that only contain the word, and values that are no numbers, are left alone."""
    assert last_part(text.encode() + b"\n").traces == ()


def test_nothing_is_guessed_beside_a_known_trainer() -> None:
    """Where a known format tells the numbers, other lines with a loss are not believed."""
    log = fixture("huggingface/whole-5.23.out") + b"my own loss: 99.0\n"
    assert "plain" not in {trace.trainer for trace in last_part(log).traces}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("log.csv", b"step,loss,val_loss\n10,0.5,\n20,0.25,0.75\n30,0.125"),
        ("train_log.csv", b"Epoch,Step,Loss,val_loss,time\r\n1,10,0.5,,1\r\n1,20,0.25,0.75,2\r\n"),
        ("metrics.jsonl", b'{"step": 10, "loss": 0.5}\n{"step": 20, "loss": 0.25, "val_loss": 0.75}\n{"st'),
    ],
)
def test_tables_and_json_lines_are_guessed(name: str, data: bytes) -> None:
    """A header with a loss and a step, or objects with both; a last line without an end is left out."""
    trace = file_trace(read_table, data, name)
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 0.5, 20: 0.25}, {20: 0.75})
    assert (trace.origin, trace.trains) == (Origin.GUESS, False)
    assert chosen("plain", [f"r/{name}"]) == [f"r/{name}"]


@pytest.mark.parametrize(
    "data",
    [
        b"text,label\nhello,1\n",
        b"loss,accuracy\n0.5,0.1\n",
        b'{"prompt": "a", "completion": "b"}\n' * 30 + b'{"step": 1, "loss": 0.5}\n',
        b'{"loss": 0.5}\n',
        b"\n",
        b"",
    ],
)
def test_other_tables_are_left_alone(data: bytes) -> None:
    """Data sets, and losses without a step or an epoch, give nothing."""
    assert read_table(io.BytesIO(data), "train.csv") is None


def test_other_files_are_not_opened() -> None:
    """What is called otherwise, and other trainers' logs, are not even tried."""
    paths = ["r/data.csv", "r/trainer_log.jsonl", "r/gpu_metrics.csv", "r/results.csv", "r/log.txt"]
    assert [path for path in chosen("plain", paths) if path != "r/gpu_metrics.csv"] == []


def losses(text: str) -> dict[int, float]:
    """Return the guessed training losses of a log by step."""
    return values(last_part(text.encode()).traces[0], "loss")


def test_steps_that_begin_anew_in_each_epoch_are_counted_on() -> None:
    """Of `Epoch [2/2], Step [1/3]` the step is the fourth of the run, and no epoch's losses are lost."""
    lines = [
        f"Epoch [{epoch}/2], Step [{step}/3], Loss: {epoch}.{step}\n" for epoch in (1, 2) for step in (1, 3)
    ]
    assert losses("".join(lines)) == {1: 1.1, 3: 1.3, 4: 2.1, 6: 2.3}


def test_steps_that_begin_anew_have_no_step_where_an_epochs_length_is_not_told() -> None:
    """Without it nobody knows how many steps lie between, so no step is told; the last value is the last."""
    log = "".join(f"epoch {epoch} step {step} loss: {epoch}.{step}\n" for epoch in (0, 1) for step in (0, 50))
    (trace,) = last_part(log.encode()).traces
    assert [(row.step, row.value) for row in trace.curves["loss"].readings(None)] == [
        (-1, 0.0),
        (-1, 0.5),
        (-1, 1.0),
        (-1, 1.5),
    ]


def test_steps_that_no_run_takes_are_none() -> None:
    """Where epoch and length make a step beyond any count the value stays, without a step."""
    log = (
        "Epoch [1/3], Step [10/999999999999], Loss: 0.5\n"
        "Epoch [999999999/3], Step [5/999999999999], Loss: 0.25\n"
    )
    (trace,) = last_part(log.encode()).traces
    assert [row.value for row in trace.curves["loss"].without_steps().readings(None)] == [0.5, 0.25]
    assert losses(log) == {10: 0.5}


def test_steps_of_the_whole_run_stay_as_they_are() -> None:
    """An epoch beside a step that only grows changes nothing."""
    log = "".join(f"Epoch {step // 3}, step {step}/8: loss {step}.5\n" for step in range(1, 9))
    assert losses(log) == {step: step + 0.5 for step in range(1, 9)}


def test_the_lowest_rank_that_prints_a_loss_is_believed() -> None:
    """Each rank prints the loss of its own batch, in any order; rank 0's is what a run of one would print."""
    log = "1: step 1 loss 9.5\n0: step 1 loss 1.5\n0: step 2 loss 1.25\n1: step 2 loss 9.25\n"
    assert losses(log) == {1: 1.5, 2: 1.25}
    assert losses("[rank3]: step 1 loss 0.5\n[rank0]: step 1 val_loss 0.75\n") == {1: 0.5}


@pytest.mark.parametrize(
    "line",
    [
        "[Rank {}] step {} Loss: {}",
        "[GPU{}] Steps: {} | Loss {}",
        "rank={} step={} loss={}",
        "log_hooks.py: 277: Rank: {}; [ep: 0] iter: {}; loss: {}; btime(ms): 192",
        "INFO [train.py:529] ({}/3) Epoch 1, step {}, loss[ctc_loss=9.5, loss={}, over 7 frames.]",
    ],
)
def test_ranks_that_a_program_names_itself_are_told_apart(line: str) -> None:
    """What a script puts before its words names the rank as well as a launcher's prefix does."""
    log = "".join(f"{line.format(rank, step, f'{step}.{rank}5')}\n" for step in (1, 2) for rank in (1, 0, 2))
    assert losses(log) == {1: 1.05, 2: 2.05}


def test_a_rank_within_a_line_is_known_too() -> None:
    """DeepSpeed-Chat names it behind the step; of records glued together the last one's counts."""
    log = (
        "Epoch: 0, Step: 1, Rank: 3, loss = 2.5Epoch: 0, Step: 1, Rank: 2, loss = 2.75\n"
        "Epoch: 0, Step: 1, Rank: 0, loss = 2.25\n"
        "Epoch: 0, Step: 1, Rank: 1, loss = 2.125\n"
    )
    assert losses(log) == {1: 2.25}


def test_ranks_without_a_first_one_may_be_a_loras() -> None:
    """Where no line names rank 0 all of them count, in their order."""
    (trace,) = last_part(b"Rank 8: final loss 0.5\nRank 16: final loss 0.25\n").traces
    assert [row.value for row in trace.curves["loss"].readings(None)] == [0.5, 0.25]


def test_means_over_an_epoch_do_not_take_the_last_loss_place() -> None:
    """Below the losses of steps, as fairseq prints them, they do not count; alone they do."""
    mean = "INFO | train | epoch 001 | loss 7.25 | nll_loss 6.5 | num_updates 300\n"
    step = "INFO | train_inner | epoch 001:    300 / 300 loss=6.5, num_updates=300, lr=0.1\n"
    assert losses(step + mean) == {300: 6.5}
    assert losses(mean) == {300: 7.25}


ENDED = "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***\n"


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (1, {1: 0.1, 2: 0.2}),
        (3, {1: 1.5, 2: 2.5, 3: 0.3, 4: 0.4}),
        (5, {1: 1.5, 2: 2.5, 3: 3.5, 5: 0.5, 6: 0.6}),
    ],
)
def test_losses_below_slurms_word_on_a_jobs_end_are_another_jobs(
    first: int, expected: dict[int, float]
) -> None:
    """A job that began anew has its own losses only; one that went on has those before its first step too."""
    before = "".join(f"step {step} loss: {step}.5\n" for step in (1, 2, 3))
    after = "".join(f"step {step} loss: 0.{step}\n" for step in (first, first + 1))
    part = last_part((before + ENDED + after).encode())
    assert (values(part.traces[0], "loss"), part.restarts) == (expected, 1)
    assert losses(before + ENDED) == {1: 1.5, 2: 2.5, 3: 3.5}


def test_a_log_of_ends_without_end_is_read_in_time() -> None:
    """Only so many jobs can have written one log: what comes behind costs no more than its lines."""
    log = "".join(f"step {step} loss: 0.5\n" for step in range(20000))
    began = time.process_time()
    part = last_part((log + f"{ENDED}step 20000 loss: 0.25\n" * 3000).encode())
    assert time.process_time() - began < 6
    assert (len(part.traces[0].curves["loss"]), part.restarts) == (20000 + 3000 - 99, 3000)

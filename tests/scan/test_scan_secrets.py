"""Mask secrets by name and by look, and leave alone what only sounds like them."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Fact, Scalar, SlurmState, Source, Tier
from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.scripts.command_lines import script_settings
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.standing import Standing
from afterall.scan.secrets import MASK, is_secret_name, mask_secrets
from scan.run_making import attempt, experiment, lay_down

SECRET_NAMES = [
    "hf_token",
    "HF_TOKEN",
    "wandb.api_key",
    "x.secret",
    "db_password",
    "use_auth_token",
    "aws.secret_access_key",
    "apiKey",
    "hfToken",
    "HFToken",
    "WANDB_KEY",
    "wandb_key",
    "openai_key",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "client_secret",
    "slack_webhook_url",
    "webhook",
    "hub_token",
    "secret_key",
    "session_token",
    "DB_PWD",
    "ssh_key",
    "AWS_ACCESS_KEY_ID",
    "authToken",
    "api-key",
    "access_token",
    "connection_string",
    "storage_account_key",
    "credentials",
    "basic_auth",
    "tracker.neptune.token",
    "env/COMET_KEY",
    "passphrase",
    "AZURE_KEY",
]
PLAIN_NAMES = [
    "max_tokens",
    "tokenizer.path",
    "pad_token",
    "eos_token",
    "num_tokens",
    "pad_token_id",
    "author",
    "token_dropout",
    "secret_santa",
    "input_key",
    "output_key",
    "text_key",
    "num_key_value_heads",
    "key",
    "PWD",
    "bos_token",
    "image_token",
    "tokens_per_second",
    "loss_per_token",
    "max_new_tokens",
    "key_dim",
    "prompt_token",
    "tokenizer",
    "ignore_token",
    "primary_key",
    "signature_columns",
    "passes",
    "monkey",
    "add_eos_token",
    "dataset.secret_santa",
    "token_type_ids",
    "authority",
    "keys",
    "response_token",
]
LOOKS = (
    "hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567",
    "sk-proj-4f9aB2kLmN0pQrS7tUvWxYz",
    "sk-ant-api03-4f9aB2kLmN0pQrS7tUvWxYz",
    "ghp_0123456789abcdefghijABCDEFGHIJ456789",
    "github_pat_11ABCDEFG0123456789_abcdefghij",
    "glpat-0123456789abcdefghij",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefGHIJKL",
    "AIzaSyA0123456789abcdefghijklmnopqrstuvw",
    "wandb_v1_AbCdEfGhIjKlMnOpQrStUvWxYz",
    "r8_0123456789abcdefghijABCDEFGHIJ4567",
    "gsk_0123456789abcdefghijABCD",
    "sk_live_0123456789abcdefghij",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "eyJhcGlfYWRkcmVzcyI6Imh0dHBzOi8vYXBwLm5lcHR1bmUuYWkifQ==",
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets_are_known(name: str) -> None:
    """However they are spelled: dotted, in capitals, in camel case, with the provider's name."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_names_that_sound_alike_are_no_secrets(name: str) -> None:
    """Tokens of a vocabulary, counts of them, keys of tables and people."""
    assert not is_secret_name(name)


@pytest.mark.parametrize("secret", LOOKS)
def test_a_secret_is_known_by_its_look(secret: str) -> None:
    """Wherever it stands in a text, nothing of it is left."""
    for text in (
        secret,
        f"found {secret}, and more",
        f"x='{secret}'",
        f"({secret})",
        f"https://h/?q={secret}&x=1",
    ):
        assert secret[:12] not in mask_secrets(text)
        assert secret[-8:] not in mask_secrets(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("train.py --token abc123def --lr 1", "train.py --token *** --lr 1"),
        ("--hub_token=abc123def --lr 1", "--hub_token=*** --lr 1"),
        ("--wandb-api-key abc123def", "--wandb-api-key ***"),
        ("export HF_TOKEN=abc123def", "export HF_TOKEN=***"),
        ("{'hf_token': 'abc def', 'lr': 1}", "{'hf_token': '***', 'lr': 1}"),
        ('"password": "a b, c"', '"password": "***"'),
        ("token=abc123def,lr=0.1", "token=***,lr=0.1"),
        ("GET /x?access_token=abc123def&y=1", "GET /x?access_token=***&y=1"),
        ("X-Amz-Signature=abcdef0123&x=1", "X-Amz-Signature=***&x=1"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ("curl -H 'Authorization: Bearer 0a1b2c3d4e'", "curl -H 'Authorization: Bearer ***'"),
        ("bearer 0a1b2c3d4e5f", "bearer ***"),
        ("wandb login 0123456789abcdef0123 now", "wandb login *** now"),
        ("wandb login --relogin 0123456789abcdef", "wandb login --relogin ***"),
        ("machine api.wandb.ai login user password 0123", "machine api.wandb.ai login user password ***"),
        ("https://user:pw@host/x", "https://user:***@host/x"),
        ("https://0123456789abcdefghij01@host/x", "https://***@host/x"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/***"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\nbnNz\n-----END OPENSSH PRIVATE KEY-----\nafter",
            "-----BEGIN OPENSSH PRIVATE KEY-----***\nafter",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----***"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=***"),
    ],
)
def test_what_is_assigned_to_a_secret_is_masked(text: str, masked: str) -> None:
    """On command lines, in dumps of dictionaries, addresses, headers and files of keys."""
    assert mask_secrets(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "pad_token: <|endoftext|>",
        "pad_token='<pad_token_long>'",
        "max_tokens=1000000",
        "num_tokens: 12345678",
        "use_auth_token=False",
        "token=$HF_TOKEN_OF_MINE",
        "SyntaxError: unexpected token: something",
        "http://localhost:29500/path/of/it",
        "tcp://10.0.0.1:29500/rendezvous",
        "commit 0123456789abcdef0123456789abcdef01234567",
        "KeyError: 'access_token_missing'",
        "CUDA error in token loss_per_token: 0.123456",
        "The tokenizer and auth flow are broken",
        "disk-usage-of-this-0-machine",
        "/data/secret_santa/train.jsonl",
    ],
)
def test_innocent_text_stays(text: str) -> None:
    """What says why a job failed is not hidden because of a word in it."""
    assert mask_secrets(text) == text


def test_no_secret_of_a_configuration_or_command_is_told() -> None:
    """Parameters keep the place of a secret, never its value, whichever way it was given."""
    values: dict[str, Scalar] = {
        "hf_token": "plainword",
        "env.WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567",
        "note": f"use {LOOKS[0]}",
        "url": "https://u:hunter22@host/x",
        "pad_token": "<pad>",
        "max_tokens": 5,
    }
    said = [Said(Standing.WRITTEN, {key: Fact(value, Source("c.yaml")) for key, value in values.items()})]
    command = f"python train.py --hub_token plainword --db-password='hunter22' --lr 1 --extra a:{LOOKS[1]}"
    said.append(Said(Standing.COMMAND, script_settings(command, "s", Given())))
    found, findings = gather(said, frozenset())
    told = repr((found, findings))
    assert not re.search(r"plainword|0123456789abcdef|hunter22|hf_AbC|sk-proj", told)
    assert (found["hf_token"].value, found["pad_token"].value, found["max_tokens"].value) == (
        MASK,
        "<pad>",
        5,
    )


def test_a_submit_line_is_told_without_its_secrets(tmp_path: Path) -> None:
    """What is suggested to be submitted again shows where a token was, not the token."""
    line = "sbatch --export=ALL,HF_TOKEN=plainword,LR=3 train.sbatch --wandb-key 0123456789abcdef"
    entries = lay_down(tmp_path, {"r/train.sbatch": b"python t.py --lr $LR\n"})
    matched = experiment("r", entries, attempts=[attempt("1", SlurmState.FAILED, submit_line=line)])
    found = scan_experiment(matched, Examination(tmp_path, Tier.QUICK))
    assert found.attempts[0].submit_line == (
        "sbatch --export=ALL,HF_TOKEN=***,LR=3 train.sbatch --wandb-key ***"
    )
    assert found.parameters["learning_rate"].value == 3


@given(st.text(max_size=300))
def test_masking_is_total_and_final(text: str) -> None:
    """Any text is masked without an error, and masked text stays as it is."""
    masked = mask_secrets(text)
    assert mask_secrets(masked) == masked
    is_secret_name(text)


@given(st.text(max_size=80), st.sampled_from(LOOKS), st.sampled_from([" ", "\n", "'", '"', "=", "(", "/"]))
def test_no_text_before_a_secret_hides_it(before: str, secret: str, between: str) -> None:
    """Whatever stands before it, the secret is gone."""
    assert secret not in mask_secrets(f"{before}{between}{secret}")

"""A MuQ-MuLan with its two encoders, tiny and random, saved in the published layout by the libraries themselves."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")
if find_spec("muq") is None:
    pytest.skip("muq is not installed: pip install 'songkit[diffrhythm]'", allow_module_level=True)

WIDTH = 16
WORDS = ("pop", "jazz", "piano", "rock", "calm", "loud", "female", "voice", ",")
AUDIO, TEXT, WHOLE = "OpenMuQ/MuQ-large-msd-iter", "FacebookAI/xlm-roberta-base", "OpenMuQ/MuQ-MuLan-large"


def write(folder: Path, seed: int = 1) -> Path:
    """The three parts below `folder`, as `org/name/`, each with its `config.json` and its weights."""
    from songkit.generate.diffrhythm.torch_audio import prepare

    prepare()
    torch.manual_seed(seed)
    _write_audio(folder / AUDIO)
    _write_text(folder / TEXT)
    _write_whole(folder)
    return folder


def _write_audio(folder: Path) -> None:
    from muq import MuQ
    from muq.muq.muq import MuQConfig
    from transformers import Wav2Vec2ConformerConfig

    layers = Wav2Vec2ConformerConfig(
        hidden_size=WIDTH,
        num_attention_heads=2,
        intermediate_size=WIDTH,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        position_embeddings_type="rotary",
        conv_depthwise_kernel_size=3,
    )
    config = MuQConfig(
        conv_dim=4,
        encoder_dim=WIDTH,
        encoder_depth=1,
        codebook_size=8,
        stat={"melspec_2048_mean": 0.0, "melspec_2048_std": 10.0},
        w2v2_config={name: value for name, value in layers.to_dict().items() if not isinstance(value, dict)},
    )
    MuQ(config).save_pretrained(folder, config=config.__dict__)


def _write_text(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

    vocabulary = {word: index for index, word in enumerate(("<s>", "<pad>", "</s>", "<unk>", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )
    fast.save_pretrained(folder)
    config = XLMRobertaConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=WIDTH,
        max_position_embeddings=514,
    )
    XLMRobertaModel(config).save_pretrained(folder)


def _write_whole(folder: Path) -> None:
    """The whole, whose configuration names the encoders by where they lie on the Hub, as published."""
    from muq import MuQMuLan

    transformer = {"dim": WIDTH, "tf_depth": 1, "heads": 2, "dim_head": 8, "ff_mult": 2}
    config: dict[str, Any] = {
        "mulan": {"sr": 24000, "clip_secs": 10, "dim_latent": 512},
        "audio_model": {"name": str(folder / AUDIO), "model_dim": WIDTH, "use_layer_idx": -1},
        "text_model": {"name": str(folder / TEXT), "model_dim": WIDTH, "use_layer_idx": -1},
        "audio_transformer": transformer,
        "text_transformer": {**transformer, "max_seq_len": 1024},
    }
    MuQMuLan(config).save_pretrained(folder / WHOLE, config=config)
    config["audio_model"]["name"], config["text_model"]["name"] = AUDIO, "xlm-roberta-base"
    (folder / WHOLE / "config.json").write_text(json.dumps(config))

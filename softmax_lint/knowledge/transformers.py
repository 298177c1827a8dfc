"""Hugging Face transformers: models whose output object holds raw scores in `logits`.

`PREFIXES` rewrite a model of an architecture (``BertForSequenceClassification``) to the `AutoModel` of its
task.
"""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class
from softmax_lint.knowledge.schema import BASE, MODEL, OTHER, Api
from softmax_lint.representation import SCORES

_TASKS = (
    "SequenceClassification", "TokenClassification", "CausalLM", "MaskedLM", "Seq2SeqLM", "MultipleChoice",
    "NextSentencePrediction", "ImageClassification", "SemanticSegmentation", "AudioClassification",
    "VideoClassification", "CTC",
)  # fmt: skip
# Two tensors of scores, for the start and the end.
_SPANS = ("QuestionAnswering",)
_PRETRAINED = "pretrained_model_name_or_path * num_labels"


def _models(task: str, role: str) -> tuple[Api, ...]:
    name = f"transformers.AutoModelFor{task}"
    fields = {"produces": SCORES, "measured": False} if role == MODEL else {"measured": False}
    return (
        build_class(name, role, "config", "input_ids", **fields),
        build_class(f"{name}.from_config", role, "config", "input_ids", **fields),
        build_class(f"{name}.from_pretrained", role, _PRETRAINED, "input_ids", **fields),
    )


ROWS: tuple[Api, ...] = (
    *(row for task in _TASKS for row in _models(task, MODEL)),
    *(row for task in _SPANS for row in _models(task, OTHER)),
    build_class("transformers.AutoModel", OTHER, "config", "input_ids"),
    build_class(
        "transformers.AutoModel.from_pretrained", OTHER, "pretrained_model_name_or_path", "input_ids"
    ),
    build_class("transformers.AutoModel.from_config", OTHER, "config", "input_ids"),
    build_class("transformers.PreTrainedModel", BASE, "config", "", call="forward"),
    # Its method `compute_loss` meets model and loss.
    build_class("transformers.Trainer", BASE, "model args", ""),
    build_class("transformers.TrainingArguments", OTHER, "", ""),
    build_class("transformers.AutoTokenizer.from_pretrained", OTHER, "pretrained_model_name_or_path", ""),
)

_ARCHITECTURES = [
    "Albert",
    "Bart",
    "Beit",
    "BertGeneration",
    "Bert",
    "BigBird",
    "Bloom",
    "Camembert",
    "Canine",
    "ConvBert",
    "ConvNextV2",
    "ConvNext",
    "DebertaV2",
    "Deberta",
    "Deit",
    "DeiT",
    "DistilBert",
    "Electra",
    "Ernie",
    "Esm",
    "Falcon",
    "Flaubert",
    "FNet",
    "Funnel",
    "GPT2",
    "GPTJ",
    "GPTNeoX",
    "GPTNeo",
    "Gemma",
    "Hubert",
    "LayoutLMv2",
    "LayoutLMv3",
    "LayoutLM",
    "Led",
    "Llama",
    "Longformer",
    "LongT5",
    "Luke",
    "M2M100",
    "MBart",
    "MPNet",
    "MT5",
    "Marian",
    "MegatronBert",
    "Mistral",
    "MobileBert",
    "MobileNetV2",
    "MobileViT",
    "Mpt",
    "Nystromformer",
    "OPT",
    "OpenAIGPT",
    "Pegasus",
    "Perceiver",
    "Phi",
    "PoolFormer",
    "Qwen2",
    "Reformer",
    "RegNet",
    "RemBert",
    "ResNet",
    "RoFormer",
    "RobertaPreLayerNorm",
    "Roberta",
    "Segformer",
    "SqueezeBert",
    "SwinV2",
    "Swin",
    "T5",
    "Umt5",
    "VAN",
    "ViT",
    "Wav2Vec2",
    "WavLM",
    "XLM",
    "XLMRobertaXL",
    "XLMRoberta",
    "XLNet",
    "Xmod",
    "Yoso",
]
_MODULES = (
    "albert", "auto", "bart", "bert", "camembert", "deberta", "deberta_v2", "distilbert", "electra", "gpt2",
    "llama",
    "longformer", "roberta", "segformer", "t5", "vit", "wav2vec2", "xlm_roberta", "xlnet",
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (
    *((f"transformers.{architecture}For", "transformers.AutoModelFor") for architecture in _ARCHITECTURES),
    *((f"transformers.{architecture}Model", "transformers.AutoModel") for architecture in _ARCHITECTURES),
    *(
        (f"transformers.{architecture}PreTrainedModel", "transformers.PreTrainedModel")
        for architecture in _ARCHITECTURES
    ),
    *((f"transformers.models.{module}.modeling_{module}.", "transformers.") for module in _MODULES),
    *((f"transformers.models.{module}.", "transformers.") for module in _MODULES),
    *((f"transformers.modeling_{module}.", "transformers.") for module in _MODULES),
    ("transformers.modeling_utils.", "transformers."),
    ("transformers.trainer.", "transformers."),
    ("pytorch_transformers.", "transformers."),
    ("pytorch_pretrained_bert.modeling.", "transformers."),
    ("pytorch_pretrained_bert.", "transformers."),
)

"""torchvision: classifiers with the attribute that holds their last layer, and the losses in
`torchvision.ops`.

Nothing here is measured: torchvision is not among the packages the tests install.
"""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import LOSS, MODEL, OTHER, Api
from softmax_lint.representation import ANY, SCORES, SIGMOID_LOGITS

# Last layer -> constructors in torchvision.models. Without a last layer of its own, the class scores are
# pooled.
_CLASSIFIERS = (
    (
        "fc",
        "resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d resnext101_32x8d resnext101_64x4d "
        "wide_resnet50_2 wide_resnet101_2 shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 "
        "shufflenet_v2_x2_0 googlenet inception_v3 regnet_y_400mf regnet_y_800mf regnet_y_1_6gf "
        "regnet_y_3_2gf regnet_y_8gf regnet_y_16gf regnet_y_32gf regnet_y_128gf regnet_x_400mf "
        "regnet_x_800mf regnet_x_1_6gf regnet_x_3_2gf regnet_x_8gf regnet_x_16gf regnet_x_32gf ResNet "
        "GoogLeNet Inception3 ShuffleNetV2 RegNet video.r3d_18 video.mc3_18 video.r2plus1d_18",
    ),
    (
        "classifier.6",
        "vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn VGG alexnet AlexNet",
    ),
    (
        "classifier.1",
        "mobilenet_v2 MobileNetV2 mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3 MNASNet efficientnet_b0 "
        "efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5 efficientnet_b6 "
        "efficientnet_b7 efficientnet_v2_s efficientnet_v2_m efficientnet_v2_l EfficientNet video.s3d",
    ),
    ("classifier.3", "mobilenet_v3_small mobilenet_v3_large MobileNetV3"),
    ("classifier.2", "convnext_tiny convnext_small convnext_base convnext_large ConvNeXt"),
    ("classifier.5", "maxvit_t MaxVit"),
    (
        "classifier",
        "densenet121 densenet161 densenet169 densenet201 DenseNet squeezenet1_0 squeezenet1_1 SqueezeNet",
    ),
    ("heads.head", "vit_b_16 vit_b_32 vit_l_16 vit_l_32 vit_h_14 VisionTransformer"),
    (
        "head",
        "swin_t swin_s swin_b swin_v2_t swin_v2_s swin_v2_b SwinTransformer video.swin3d_t video.swin3d_s "
        "video.swin3d_b",
    ),
    ("head.1", "video.mvit_v1_b video.mvit_v2_s"),
    ("", "get_model"),
)

_MODELS = tuple(
    build_class(
        f"torchvision.models.{name}", MODEL, f"{params} * weights progress num_classes", "x",
        produces=SCORES, head=head, units="num_classes", axis_default=-1, measured=False,
    )
    for head, names in _CLASSIFIERS
    for name in names.split()
    for params in ("name" if name == "get_model" else "",)
)  # fmt: skip

# These give a dict of maps ({"out": scores}) or lists of boxes.
_OTHER_MODELS = tuple(
    build_class(f"torchvision.models.{name}", OTHER, "* weights", "x", measured=False)
    for name in (
        "segmentation.fcn_resnet50", "segmentation.fcn_resnet101", "segmentation.deeplabv3_resnet50",
        "segmentation.deeplabv3_resnet101", "segmentation.deeplabv3_mobilenet_v3_large",
        "segmentation.lraspp_mobilenet_v3_large", "detection.fasterrcnn_resnet50_fpn",
        "detection.maskrcnn_resnet50_fpn", "detection.retinanet_resnet50_fpn", "detection.ssd300_vgg16",
        "detection.keypointrcnn_resnet50_fpn",
    )
)  # fmt: skip

_LOSSES = (
    build_function(
        "torchvision.ops.sigmoid_focal_loss", LOSS, "inputs targets alpha gamma reduction",
        subject="inputs", target="targets", expects=SIGMOID_LOGITS, measured=False,
    ),
    *(
        build_function(
            f"torchvision.ops.{name}", LOSS, "boxes1 boxes2 reduction eps",
            subject="boxes1", target="boxes2", expects=ANY, measured=False,
        )
        for name in ("generalized_box_iou_loss", "distance_box_iou_loss", "complete_box_iou_loss")
    ),
)  # fmt: skip

ROWS: tuple[Api, ...] = (*_MODELS, *_OTHER_MODELS, *_LOSSES)

PREFIXES: tuple[tuple[str, str], ...] = (
    *(
        (f"torchvision.models.{module}.", "torchvision.models.")
        for module in (
            "resnet", "vgg", "alexnet", "googlenet", "inception", "mobilenet", "mobilenetv2", "mobilenetv3",
            "mnasnet",
            "densenet", "efficientnet", "squeezenet", "vision_transformer", "swin_transformer", "convnext",
            "regnet",
            "maxvit", "shufflenetv2",
        )
    ),
    *((f"torchvision.models.video.{module}.", "torchvision.models.video.") for module in ("resnet", "mvit",
        "s3d")),
    ("torchvision.models.segmentation.segmentation.", "torchvision.models.segmentation."),
    ("torchvision.models.segmentation.fcn.", "torchvision.models.segmentation."),
    ("torchvision.models.segmentation.deeplabv3.", "torchvision.models.segmentation."),
    ("torchvision.models.detection.faster_rcnn.", "torchvision.models.detection."),
    ("torchvision.models.detection.mask_rcnn.", "torchvision.models.detection."),
    ("torchvision.ops.focal_loss.", "torchvision.ops."),
)  # fmt: skip

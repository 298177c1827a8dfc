"""Graph networks: PyTorch Geometric and DGL. Their convolutions end in a linear map and a sum over
neighbours."""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import AFFINE, KEEP, MIX, OTHER, Api
from softmax_lint.representation import SCORES

_GEOMETRIC = (
    "GCNConv GATConv GATv2Conv SAGEConv GraphConv ChebConv TAGConv ARMAConv SGConv GCN2Conv TransformerConv "
    "FeaStConv "
    "ClusterGCNConv LEConv MFConv"
)
_DGL = "GraphConv GATConv GATv2Conv SAGEConv TAGConv ChebConv SGConv"

ROWS: tuple[Api, ...] = (
    *(
        build_class(
            f"torch_geometric.nn.{name}", AFFINE, "in_channels out_channels", "x edge_index",
            produces=SCORES, axis_default=-1, measured=False,
        )
        for name in _GEOMETRIC.split()
    ),
    *(
        build_class(
            f"dgl.nn.{name}", AFFINE, "in_feats out_feats", "graph feat",
            subject="feat", produces=SCORES, axis_default=-1, measured=False,
        )
        for name in _DGL.split()
    ),
    build_class(
        "torch_geometric.nn.Linear", AFFINE, "in_channels out_channels", "x",
        produces=SCORES, units="out_channels", axis_default=-1, measured=False,
    ),
    # What it gives is what its own network gives.
    build_class("torch_geometric.nn.GINConv", OTHER, "nn eps train_eps", "x edge_index", measured=False),
    build_class("dgl.nn.GINConv", OTHER, "apply_func", "graph feat", measured=False),
    *(
        build_function(f"torch_geometric.nn.{name}", MIX, "x batch", measured=False)
        for name in ("global_mean_pool", "global_add_pool", "global_max_pool")
    ),
    build_class("torch_geometric.nn.BatchNorm", MIX, "in_channels", "x", measured=False),
    build_function("dgl.mean_nodes", OTHER, "graph feat", measured=False),
    build_class("torch_geometric.nn.DataParallel", KEEP, "module", "data_list", subject="module",
        measured=False),
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (
    ("torch_geometric.nn.conv.", "torch_geometric.nn."),
    ("torch_geometric.nn.dense.linear.", "torch_geometric.nn."),
    ("torch_geometric.nn.pool.", "torch_geometric.nn."),
    ("torch_geometric.nn.glob.", "torch_geometric.nn."),
    ("dgl.nn.pytorch.conv.", "dgl.nn."),
    ("dgl.nn.pytorch.", "dgl.nn."),
)

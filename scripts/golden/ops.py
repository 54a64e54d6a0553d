"""Golden values and gradients of the compiler's operations by PyTorch, transformers and PEFT, in float64.

    python scripts/golden/ops.py          # needs torch, transformers, peft; writes test/golden/compiler/ops.json

A case's name is that of the graph in test/compiler/cases.ts it is compared with; its loss is the sum of its outputs times
`cotangents`, drawn at random.
"""

import json
from pathlib import Path

import peft
import torch
import torch.nn.functional as F
import transformers
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

TARGET = Path(__file__).parents[2] / "test" / "golden" / "compiler" / "ops.json"
B, S, M, T = 2, 3, 4, 5

torch.set_default_dtype(torch.float64)
random = torch.Generator().manual_seed(20240607)
cases = []


def normal(*shape):
    return torch.randn(shape, generator=random).mul(1e4).round().div(1e4).requires_grad_()


def positive(*shape):
    return torch.rand(shape, generator=random).mul(1.5).add(0.5).mul(1e4).round().div(1e4).requires_grad_()


def below(limit, *shape):
    return torch.randint(limit, shape, generator=random)


def listed(*values):
    return torch.tensor(values)


def frozen(tensor):
    return tensor.detach()


def packed(tensor):
    data = tensor.detach().flatten().tolist()
    return {"shape": list(tensor.shape), "data": [float(f"{each:.9g}") for each in data]}


def case(name, function, **inputs):
    """Runs a function of tensors; gradients are taken with respect to all inputs that require them."""
    result = function(**inputs)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    cotangents = [normal(*each.shape).detach() for each in outputs]
    sum((each * weight).sum() for each, weight in zip(outputs, cotangents)).backward()
    cases.append(
        {
            "name": name,
            "inputs": {key: packed(each) for key, each in inputs.items()},
            "cotangents": [packed(each) for each in cotangents],
            "outputs": [packed(each) for each in outputs],
            "gradients": {key: packed(each.grad) for key, each in inputs.items() if each.requires_grad},
        }
    )


def elementwise():
    pairs = {
        "equal shapes": ((2, 3), (2, 3)),
        "a row": ((2, 3), (3,)),
        "a row on the left": ((3,), (2, 3)),
        "a column": ((2, 3), (2, 1)),
        "both sides stretched": ((2, 1, 3), (4, 1)),
        "a scalar": ((2, 3), ()),
        "axes of size 1": ((1, 1), (1,)),
        "a middle axis": ((2, 3, 2), (2, 1, 2)),
        "symbolic axes stretched": ((B, S, 2), (B, 1, 1)),
    }
    functions = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div}
    for op, function in functions.items():
        for what, (a, c) in pairs.items():
            case(f"{op}: {what}", lambda a, c, f=function: f(a, c), a=normal(*a), c=positive(*c))


def unary():
    shapes = {"a matrix": (2, 3), "a scalar": (), "symbolic sizes": (B, S)}
    for what, shape in shapes.items():
        case(f"Neg: {what}", lambda x: -x, x=normal(*shape))
        case(f"Exp: {what}", lambda x: x.exp(), x=normal(*shape))
        case(f"Log: {what}", lambda x: x.log(), x=positive(*shape))
        case(f"Sigmoid: {what}", lambda x: x.sigmoid(), x=normal(*shape))
        case(f"QuickGelu: alpha 1, {what}", lambda x: F.silu(x), x=normal(*shape))
        case(f"QuickGelu: alpha 1.702, {what}", lambda x: x * torch.sigmoid(1.702 * x), x=normal(*shape))


def products():
    shapes = {
        "matrices": ((2, 3), (3, 4)),
        "a row and a column": ((1, 3), (3, 1)),
        "batches": ((2, 2, 3), (2, 3, 4)),
        "one matrix for a batch": ((2, 2, 3), (3, 4)),
        "one matrix for a batch, on the left": ((2, 3), (2, 3, 4)),
        "batches stretched on both sides": ((2, 1, 2, 3), (3, 3, 2)),
        "a symbolic batch": ((B, S, 3), (3, 2)),
        "symbolic batch and inner size": ((B, 2, 3, S), (B, 2, S, 3)),
    }
    for what, (a, c) in shapes.items():
        case(f"MatMul: {what}", lambda a, c: a @ c, a=normal(*a), c=normal(*c))
    for trans_a in (False, True):
        for trans_b in (False, True):
            for alpha in (1, -0.5):
                name = f"Gemm: transA {str(trans_a).lower()}, transB {str(trans_b).lower()}, alpha {alpha}"
                case(
                    name,
                    lambda a, c, ta=trans_a, tb=trans_b, k=alpha: k * ((a.T if ta else a) @ (c.T if tb else c)),
                    a=normal(*((3, T) if trans_a else (T, 3))),
                    c=normal(*((2, 3) if trans_b else (3, 2))),
                )


def forms():
    case("Transpose: [2, 3, 4] by 2 0 1", lambda x: x.permute(2, 0, 1), x=normal(2, 3, 4))
    case("Transpose: [B, S, 2, 3] by 0 2 1 3", lambda x: x.permute(0, 2, 1, 3), x=normal(B, S, 2, 3))
    case("Reshape: [2, 6] to [3, 4]", lambda x: x.reshape(3, 4), x=normal(2, 6))
    case("Reshape: [B, S, 4] to [B*S, 4]", lambda x: x.reshape(B * S, 4), x=normal(B, S, 4))
    case("Expand: [3] to [2, 3]", lambda x: x.expand(2, 3), x=normal(3))
    case("Expand: [2, 1] to [2, 4]", lambda x: x.expand(2, 4), x=normal(2, 1))
    case("Concat: along axis 0", lambda x, y: torch.cat([x, y], 0), x=normal(1, 3), y=normal(2, 3))
    case(
        "Concat: three along the last axis",
        lambda x, y, z: torch.cat([x, y, z], -1),
        x=normal(2, 1),
        y=normal(2, 3),
        z=normal(2, 2),
    )
    case("Concat: a value with itself", lambda x: torch.cat([x, x], 1), x=normal(2, 2))
    case("Split: three unequal parts", lambda x: torch.split(x, [1, 2, 3], 1), x=normal(2, 6))
    case("Split: only the second part used", lambda x: torch.split(x, [1, 3], 0)[1:], x=normal(4, 2))
    case("Slice: the middle", lambda x: x[:, 1:3], x=normal(2, 5))
    case("Slice: the end, of a symbolic batch", lambda x: x[:, 2:3], x=normal(B, 3, 2))


def reductions():
    shapes = [((2, 3), [-1], True), ((2, 3), [0], False), ((2, 3, 2), [0, 2], False), ((2, 3, 2), [1, 0], True)]
    for op, function in {"ReduceSum": torch.sum, "ReduceMean": torch.mean, "ReduceMax": torch.amax}.items():
        for shape, axes, kept in shapes:
            name = f"{op}: axes {' '.join(map(str, axes))} of [{', '.join(map(str, shape))}]{', kept' if kept else ''}"
            case(name, lambda x, f=function, a=axes, k=kept: f(x, dim=a, keepdim=k), x=normal(*shape))
    for axis, shape in [(-1, (2, 3)), (0, (2, 3)), (1, (2, 3, 2))]:
        name = f"Softmax: axis {axis} of [{', '.join(map(str, shape))}]"
        case(name, lambda x, a=axis: torch.softmax(x, a), x=normal(*shape))


def indices():
    case("Gather: rows asked for again and again", lambda x, i: x[i], x=normal(4, 3), i=listed(1, 1, 3, 1, 3))
    case("Gather: rows counted from the end", lambda x, i: x[i], x=normal(4, 3), i=listed(-1, 3, -4))
    case("Gather: a symbolic number of rows", lambda x, i: F.embedding(i, x), x=normal(5, 2), i=below(5, B, S))
    case("GatherElements: one of each row", lambda x, i: x.gather(1, i), x=normal(3, 4), i=below(4, 3, 1))
    case(
        "GatherElements: along axis 0, again and again",
        lambda x, i: x.gather(0, i),
        x=normal(3, 2),
        i=listed([0, 2], [0, 2], [0, 1]),
    )
    case(
        "GatherElements: along the last of three axes",
        lambda x, i: x.gather(-1, i),
        x=normal(2, 2, 3),
        i=below(3, 2, 2, 5),
    )
    case(
        "ScatterElements: added along axis 0, at indices named again",
        lambda x, i, u: x.scatter_add(0, i, u),
        x=normal(3, 2),
        i=listed([1, 1], [1, 0], [2, 1]),
        u=normal(3, 2),
    )
    case(
        "ScatterElements: added to one of each symbolic row",
        lambda x, i, u: x.scatter_add(1, i, u),
        x=normal(M, 3),
        i=below(3, M, 1),
        u=normal(M, 1),
    )
    where = lambda c, x, y: torch.where(c.bool(), x, y)
    case("Where: equal shapes", where, c=below(2, 2, 3), x=normal(2, 3), y=normal(2, 3))
    case("Where: all three stretched", where, c=below(2, 2, 1), x=normal(3), y=normal(4, 1, 1))


def rotate(x, p, cos, sin, heads):
    batch, length, width = x.shape
    by_head = x.reshape(batch, length, heads, width // heads).transpose(1, 2)
    tables = [torch.cat([each, each], -1)[p] for each in (cos, sin)]
    turned, _ = apply_rotary_pos_emb(by_head, by_head, *tables)
    return turned.transpose(1, 2).reshape(batch, length, width)


def composites():
    for shape, what in [((2, 4), "[2, 4]"), ((2, 3, 4), "[2, 3, 4]"), ((B, S, 4), "[B, S, 4]")]:
        name = f"SimplifiedLayerNormalization: {what}"
        case(name, lambda x, w: F.rms_norm(x, w.shape, w, 1e-2), x=normal(*shape), w=positive(4))
    for what, heads, x, p, rows in [
        ("one head, positions in any order", 1, normal(1, 3, 4), listed([4, 0, 4]), 5),
        ("heads of symbolic batch and length", 3, normal(B, S, 12), below(6, B, S), 6),
        ("more tokens than the tables have rows", 1, normal(1, 5, 4), listed([0, 1, 0, 1, 1]), 2),
    ]:
        case(
            f"RotaryEmbedding: {what}",
            lambda x, p, cos, sin, h=heads: rotate(x, p, cos, sin, h),
            x=x,
            p=p,
            cos=frozen(normal(rows, 2)),
            sin=frozen(normal(rows, 2)),
        )
    loss = lambda x, y: F.cross_entropy(x, y[:, 0], reduction="none")[:, None]
    case("SoftmaxCrossEntropyLoss: rows of scores", loss, x=normal(3, 5), y=below(5, 3, 1))
    case("SoftmaxCrossEntropyLoss: a symbolic number of rows", loss, x=normal(M, 4), y=below(4, M, 1))
    case("SoftmaxCrossEntropyLoss: scores far apart", lambda x, y: loss(40 * x, y), x=normal(3, 4), y=below(4, 3, 1))
    case(
        "attention with a mask",
        lambda q, k, v, mask: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=0.5),
        q=normal(B, 2, S, 4),
        k=normal(B, 2, S, 4),
        v=normal(B, 2, S, 4),
        mask=torch.triu(torch.full((S, S), -1e9), 1),
    )
    case(
        "a gated MLP behind a norm, with a residual",
        gated_mlp,
        x=normal(T, 3),
        w=positive(3),
        gate=normal(4, 3),
        up=normal(4, 3),
        down=normal(3, 4),
    )
    case(
        "tied embedding and head, weighted cross entropy",
        tied,
        table=normal(5, 3),
        ids=below(5, B, S),
        rows=listed(0, 2, 2, 5),
        y=below(5, 4, 1),
        weight=frozen(positive(4, 1)),
    )
    lora()


def gated_mlp(x, w, gate, up, down):
    normed = F.rms_norm(x, (3,), w, 1e-5)
    return x + F.linear(F.silu(F.linear(normed, gate)) * F.linear(normed, up), down)


def tied(table, ids, rows, y, weight):
    hidden = F.embedding(ids.flatten(), table)
    return (F.cross_entropy(hidden[rows] @ table.T, y[:, 0], reduction="none") * weight[:, 0]).sum()


def lora():
    """PEFT's own layer, with scale alpha / r = 2."""
    x, w, a, b = normal(T, 4), frozen(normal(3, 4)), normal(2, 4), normal(3, 2)
    base = torch.nn.Sequential(torch.nn.Linear(4, 3, bias=False))
    base[0].weight.data = w.clone()
    config = peft.LoraConfig(r=2, lora_alpha=4, lora_dropout=0.0, target_modules=["0"])
    layer = peft.get_peft_model(base, config, autocast_adapter_dtype=False).base_model.model[0]
    adapter = {"lora_A.default.weight": a, "lora_B.default.weight": b}
    run = lambda x, w, lora_A, lora_B: torch.func.functional_call(layer, adapter, (x,))
    case("a linear layer with LoRA", run, x=x, w=w, lora_A=a, lora_B=b)


def rows_at(rows, indices):
    return torch.cat([rows, torch.zeros(1, rows.shape[1])])[indices]


def soft(x, y, weights):
    """PyTorch's own cross entropy with class probabilities: those of K labels a row, zero elsewhere."""
    targets = torch.zeros_like(x).scatter_add(1, y, weights)
    return F.cross_entropy(x, targets, reduction="sum")


def rows():
    """Added after the others, so that their random numbers stay what they were."""
    attend = lambda q, k, v, mask: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
    case(
        "Attention: a causal mask over a symbolic batch and two heads",
        attend,
        q=normal(B, 2, 3, 4),
        k=normal(B, 2, 3, 4),
        v=normal(B, 2, 3, 4),
        mask=torch.triu(torch.full((3, 3), -1e9), 1),
    )
    case(
        "Attention: values of another width, and a mask of numbers",
        attend,
        q=normal(S, 4),
        k=normal(T, 4),
        v=normal(T, 2),
        mask=frozen(normal(S, T)),
    )
    case(
        "GatherRows: slots that stay empty and a row that goes nowhere",
        lambda x, slots, indices: rows_at(x, indices),
        x=normal(S, 2),
        slots=listed(3, -1, 1),
        indices=listed(-1, 2, -1, 0),
    )
    case(
        "Concat: a symbolic past and present",
        lambda x, y: torch.cat([x, y], 2),
        x=normal(B, 2, 2, 3),
        y=normal(B, 2, S, 3),
    )
    case(
        "Attention: the logarithm of the sum beside the values",
        lambda q, k, v, mask: (attend(q, k, v, mask), torch.logsumexp(q @ k.mT + mask, -1, keepdim=True)),
        q=normal(B, 3, 2),
        k=normal(B, S, 2),
        v=normal(B, S, 2),
        mask=frozen(normal(B, 1, S)),
    )
    case("Gemm: with an addend", lambda a, c, d: 0.5 * a @ c.T + d, a=normal(T, 3), c=normal(4, 3), d=normal(T, 4))
    case(
        "GatherRows: two pieces",
        lambda x, slots, first, second: (rows_at(x, first), rows_at(x, second)),
        x=normal(4, 2),
        slots=listed(4, 0, -1, 2),
        first=listed(1, -1, 3),
        second=listed(-1, 0),
    )
    case(
        "ScatterRows: two pieces, a row of which goes nowhere, and a row that lies in none",
        lambda slots, first, second, x, y: rows_at(torch.cat([x, y]), slots),
        slots=listed(4, 0, -1, 2),
        first=listed(1, -1, 3),
        second=listed(-1, 0),
        x=normal(3, 2),
        y=normal(B, 2),
    )
    case(
        "cross entropy behind a frozen head",
        lambda x, head, y: F.cross_entropy(x @ head.T, y[:, 0], reduction="none")[:, None],
        x=normal(M, 3),
        head=frozen(normal(5, 3)),
        y=below(5, M, 1),
    )
    case(
        "SoftmaxCrossEntropyLoss: several labels a row, one of them twice",
        lambda x, y: -F.log_softmax(x, -1).gather(1, y % 4),
        x=normal(M, 4),
        y=listed([0, 2, 3], [3, 3, 1], [1, 0, -1], [2, 0, 1]),
    )
    case("cross entropy of soft targets", soft, x=normal(M, 5), y=below(5, M, 3), weights=positive(M, 3))
    case(
        "cross entropy of soft targets behind a frozen head",
        lambda x, head, y, weights: soft(x @ head.T, y, weights),
        x=normal(M, 3),
        head=frozen(normal(5, 3)),
        y=below(5, M, S),
        weights=frozen(positive(M, S)),
    )
    capped = lambda q, k, mask: 1.5 * torch.tanh(q @ k.mT / 1.5) + mask
    case(
        "Attention: scores kept within a cap",
        lambda q, k, v, mask: (capped(q, k, mask).softmax(-1) @ v, torch.logsumexp(capped(q, k, mask), -1, keepdim=True)),
        q=normal(B, 2, 3, 4),
        k=normal(B, 1, 3, 4),
        v=normal(B, 1, 3, 4),
        mask=torch.triu(torch.full((3, 3), -1e9), 1),
    )
    case(
        "Attention: the logarithm of the sum alone",
        lambda q, k, v, mask: torch.logsumexp(q @ k.mT + mask, -1, keepdim=True),
        q=normal(B, 3, 2),
        k=normal(B, S, 2),
        v=frozen(normal(B, S, 2)),
        mask=frozen(normal(B, 1, S)),
    )


def hadamard(size):
    matrix = torch.ones(1, 1)
    while matrix.shape[0] < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)], 0)
    return matrix / size**0.5


def eight_bit_product(x, codes, scales, block):
    """Rows of x turned in blocks, each rounded to 127 steps of its largest value, times codes that are scaled by column."""
    turned = (x.reshape(-1, block) @ hadamard(block)).reshape(x.shape)
    steps = turned.abs().amax(1, keepdim=True) / 127
    return (turned / steps).round() * steps @ (codes * scales)


class Int8MatMul(torch.autograd.Function):
    """The product in eight bits; its gradient is the product with the codes of the other direction."""

    @staticmethod
    def forward(ctx, x, c, s, backC, backS, blocks, d=None, t=None):
        ctx.save_for_backward(backC, backS)
        ctx.block = blocks[1]
        if d is None:
            return eight_bit_product(x, c, s, blocks[0])
        along = x @ d.T
        return eight_bit_product(x - along @ d, c, s, blocks[0]) + along @ t

    @staticmethod
    def backward(ctx, dy):
        return eight_bit_product(dy, *ctx.saved_tensors, ctx.block), *[None] * 7


def pieces_product(x, codes, scales):
    """The same for pieces of codes' rows, each with scales of its own, added up."""
    parts = zip(x.chunk(len(scales), 1), codes.chunk(len(scales)), scales, strict=True)
    return sum(eight_bit_product(piece, own, by[0], 1) for piece, own, by in parts)


class InPieces(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, c, s, backC, backS):
        ctx.save_for_backward(backC, backS)
        return pieces_product(x, c, s)

    @staticmethod
    def backward(ctx, dy):
        return pieces_product(dy, *ctx.saved_tensors), *[None] * 4


def eight_bits():
    def coded(inner, columns):
        return {
            "x": normal(T, inner),
            "c": below(128, inner, columns),
            "s": frozen(positive(columns)),
            "backC": below(128, columns, inner),
            "backS": frozen(positive(inner)),
        }

    case(
        "Int8MatMul: rows as they are",
        lambda x, c, s, backC, backS: Int8MatMul.apply(x, c, s, backC, backS, (1, 1)),
        **coded(6, 4),
    )
    case(
        "Int8MatMul: columns turned in blocks, and directions apart",
        lambda x, c, s, backC, backS, d, t: Int8MatMul.apply(x, c, s, backC, backS, (4, 2), d, t),
        **coded(8, 6),
        d=torch.tensor([[0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0], [0, 0, 0, 0, 0.6, 0, -0.8, 0]]),
        t=frozen(normal(2, 6)),
    )
    case(
        "Int8MatMul: in pieces, forward three and back two",
        lambda x, c, s, backC, backS: InPieces.apply(x, c, s, backC, backS),
        **coded(6, 4) | {"s": frozen(positive(3, 1, 4)), "backS": frozen(positive(2, 1, 6))},
    )


def main():
    for group in (elementwise, unary, products, forms, reductions, indices, composites, rows, eight_bits):
        group()
    made_with = {each.__name__: each.__version__ for each in (torch, transformers, peft)}
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(f'{{"madeWith":{json.dumps(made_with)},"cases":[\n{lines}\n]}}\n')
    print(f"{len(cases)} cases in {TARGET} ({TARGET.stat().st_size} bytes)")


main()

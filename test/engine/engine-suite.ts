/** The suite that every engine passes: values and gradients of every operation against the reference, symbolic sizes, refusals, and the life of a program. */
import { afterAll, describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import type { Op } from '../../src/compiler/ir.js';
import { SHAPE_RULES } from '../../src/compiler/shapes.js';
import { ShapeError } from '../../src/core/errors.js';
import { float32, floatsOf, int64, type Engine } from '../../src/engine/engine.js';
import { interpret } from '../../src/engine/reference.js';
import { CASES } from '../compiler/cases.js';
import { buildGradients, buildValues, drawInputs, expectAllClose, runOn } from '../compiler/run-case.js';

/** y = (x + 1) · 2 over [B, 3]. */
function affine(): ReturnType<Builder['finish']> {
  const b = new Builder();
  const x = b.input('x', 'float32', ['B', 3]);
  return b.finish({ y: b.scale(b.add(x, b.scalar(1)), 2) });
}

const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => i / 4);

function programTests(make: () => Engine): void {
  it('runs one program on batches of several sizes', async () => {
    const program = await make().compile(affine());
    for (const size of [1, 4, 2]) {
      const { y } = await program.run({ x: float32([size, 3], ramp(size * 3)) });
      expect(y?.shape).toEqual([size, 3]);
      expect([...(y?.data as Float32Array)]).toEqual([...ramp(size * 3)].map((each) => (each + 1) * 2));
    }
    await program.dispose();
  });

  it('writes outputs into the buffers given', async () => {
    const program = await make().compile(affine());
    const buffer = float32([2, 3]);
    await program.run({ x: float32([2, 3], ramp(6)) }, { y: buffer });
    expect([...buffer.data]).toEqual([2, 2.5, 3, 3.5, 4, 4.5]);
    await program.dispose();
  });

  it('computes with tensors that it holds as with those it is given, run after run', async () => {
    const engine = make();
    const b = new Builder();
    const [x, w] = [b.input('x', 'float32', ['B', 3]), b.input('w', 'float32', [5, 3])];
    const i = b.input('i', 'int64', ['B']);
    const [first, second] = [
      await engine.compile(b.finish({ y: b.gemm(x, w, { transB: true }) })),
      await engine.compile(b.finish({ y: b.gather(w, i) })),
    ];
    const held = await engine.hold({ w: float32([5, 3], ramp(15)), i: int64([2], [4, 0]) });
    for (const scale of [1, 2]) {
      const fed = {
        x: float32(
          [2, 3],
          ramp(6).map((each) => each * scale),
        ),
        ...held.tensors,
      };
      const [y, rows] = [floatsOf(await first.run(fed), 'y'), floatsOf(await second.run(fed), 'y')];
      const whole = [0.3125, 0.875, 1.4375, 2, 2.5625, 0.875, 3.125, 5.375, 7.625, 9.875];
      expect([...y]).toEqual(whole.map((each) => each * scale));
      expect([...rows]).toEqual([3, 3.25, 3.5, 0, 0.25, 0.5]);
    }
    await held.release();
    await Promise.all([first.dispose(), second.dispose()]);
  });

  it('names the input that is missing', async () => {
    const program = await make().compile(affine());
    await expect(program.run({})).rejects.toThrow('input "x" is missing');
    await program.dispose();
  });

  it('refuses an input of another number of axes or another known size', async () => {
    const program = await make().compile(affine());
    await expect(program.run({ x: float32([3], ramp(3)) })).rejects.toThrow(/x/);
    await expect(program.run({ x: float32([2, 4], ramp(8)) })).rejects.toThrow(/x/);
    await program.dispose();
  });

  it('refuses a graph whose nodes do not fit, before it runs', async () => {
    const graph = affine();
    const wrong = { ...graph, nodes: [...graph.nodes].reverse() };
    await expect(make().compile(wrong)).rejects.toThrow(ShapeError);
  });

  it('gives inputs and constants back as outputs', async () => {
    const b = new Builder();
    const x = b.input('x', 'float32', ['B']);
    const program = await make().compile(b.finish({ same: x, fixed: b.constant([1, 2]), more: b.full(['B'], 7) }));
    const results = await program.run({ x: float32([3], ramp(3)) });
    expect([...floatsOf(results, 'same')]).toEqual([0, 0.25, 0.5]);
    expect([...floatsOf(results, 'fixed')]).toEqual([1, 2]);
    expect([...floatsOf(results, 'more')]).toEqual([7, 7, 7]);
    await program.dispose();
  });
}

function emptyPastTest(make: () => Engine): void {
  it('joins an empty past to the present', async () => {
    const b = new Builder();
    const past = b.input('past', 'float32', ['B', 2, 'P', 3]);
    const now = b.input('now', 'float32', ['B', 'S', 6]);
    const keys = b.concat([past, b.transpose(b.reshape(now, ['B', 'S', 2, 3]), [0, 2, 1, 3])], 2);
    const flat = b.reshape(b.transpose(keys, [0, 2, 1, 3]), ['B', 'P+S', 6]);
    const pastRows = b.reshape(b.transpose(past, [0, 2, 1, 3]), ['B*P', 6]);
    const heads = b.reshape(pastRows, ['B', 'P', 2, 3]);
    const joined = b.reshape(past, [2, '3*B*P']);
    const program = await make().compile(b.finish({ flat, pastRows, heads, joined }));
    for (const length of [0, 2]) {
      const inputs = { past: float32([2, 2, length, 3]), now: float32([2, 2, 6], ramp(24)) };
      const results = await program.run(inputs);
      expect(results.flat?.shape).toEqual([2, length + 2, 6]);
      expect(results.pastRows?.shape).toEqual([2 * length, 6]);
      expect(results.heads?.shape).toEqual([2, length, 2, 3]);
      expect(results.joined?.shape).toEqual([2, 6 * length]);
      expect([...floatsOf(results, 'flat')].filter((each) => each !== 0)).toEqual([...ramp(24)].slice(1));
    }
    await program.dispose();
  });
}

function repeatableTest(make: () => Engine): void {
  it('adds rows with repeated indices to the same bits every time', async () => {
    const b = new Builder();
    const [rows, width] = [64, 33];
    const x = b.input('x', 'float32', [8, width]);
    const where = b.expand(b.input('where', 'int64', ['M', 1]), ['M', width]);
    const updates = b.input('updates', 'float32', ['M', width]);
    const sum = b.op('ScatterElements', [x, where, updates], { axis: 0, reduction: 'add' });
    const program = await make().compile(b.finish({ sum }));
    const inputs = {
      x: float32([8, width]),
      where: int64(
        [rows, 1],
        Array.from({ length: rows }, (_, i) => (i * i) % 3),
      ),
      updates: float32(
        [rows, width],
        Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i)),
      ),
    };
    const first = floatsOf(await program.run(inputs), 'sum').slice();
    for (let i = 0; i < 10; i++) expect(floatsOf(await program.run(inputs), 'sum')).toEqual(first);
    await program.dispose();
  });
}

/** What differs between engines. */
export interface SuiteOptions {
  /** Largest difference from the reference, relative to the largest value of a tensor. */
  readonly tolerance: number;
  /** Whether sums over repeated indices come out to the same bits. */
  readonly repeatable: boolean;
  /** Cases it cannot compute, and why. */
  readonly without?: Readonly<Record<string, string>>;
}

/** Declares the suite's tests for an engine. */
export function engineSuite(name: string, make: () => Engine, { tolerance, repeatable, without }: SuiteOptions): void {
  describe(`the engine ${name}`, () => {
    let ran = 0;
    const covered = new Set<Op>();
    for (const test of CASES)
      it(`computes ${test.name}`, async (context) => {
        const reason = without?.[test.name];
        context.skip(reason !== undefined, reason);
        const built = test.noGradient === undefined ? buildGradients(test) : buildValues(test);
        const inputs = drawInputs(built.specs, test.sizes, test.name);
        const expected = interpret(built.graph, inputs);
        expectAllClose(await runOn(make(), built, inputs), expected, tolerance, test.name);
        for (const node of built.graph.nodes) covered.add(node.op);
        ran++;
      });
    it('has computed every operation there is', () => {
      expect([...covered].sort()).toEqual(Object.keys(SHAPE_RULES).sort());
    });
    programTests(make);
    emptyPastTest(make);
    if (repeatable) repeatableTest(make);
    afterAll(() => {
      console.log(`${name}: ${ran} of ${CASES.length} cases agreed with the reference`, without ?? '');
    });
  });
}

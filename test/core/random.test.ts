/** The seeded streams: their first numbers are pinned, since samples, batches, first weights and intervals of every study come from them. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.js';

const times = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);

interface Pinned {
  readonly names: readonly [seed: number, ...names: (string | number)[]];
  readonly bits: readonly number[];
  readonly uniform: readonly number[];
  readonly below1000: readonly number[];
  readonly normal: readonly number[];
  readonly shuffled: readonly number[];
}

const PINNED: readonly Pinned[] = [
  {
    names: [0],
    bits: [-295812305, 1314333389, 1798054087, -470804941],
    uniform: [0.9311258306261152, 0.3060170889366418, 0.4186420904006809, 0.8903821825515479],
    below1000: [931, 306, 418, 890],
    normal: [-0.797465180084592, 2.1714044831700074, 0.8041018428307246, -0.6619649561209833],
    shuffled: [3, 1, 0, 5, 4, 6, 2, 7],
  },
  {
    names: [7, 'dropout', 3],
    bits: [-265665643, 730410792, -1467094639, -226174347],
    uniform: [0.9381448973435909, 0.1700620148330927, 0.6584154109004885, 0.9473396812099963],
    below1000: [938, 170, 658, 947],
    normal: [1.1357574933741457, 2.0678433892154553, 1.3862123631091035, -0.4761671432268917],
    shuffled: [0, 2, 5, 6, 4, 3, 1, 7],
  },
  {
    names: [-1, 'pool', 'ü'],
    bits: [-1127349540, -55682886, -1935836733, -1748800364],
    uniform: [0.7375184809789062, 0.987035317812115, 0.5492778874468058, 0.5928256856277585],
    below1000: [737, 987, 549, 592],
    normal: [1.6301647404595012, -0.1330869087430242, -1.0537538919561624, -0.695277865885758],
    shuffled: [7, 0, 1, 4, 2, 3, 6, 5],
  },
  {
    names: [2 ** 31, 'a', 'b'],
    bits: [1751802933, 1189945975, -1292616505, 551678072],
    uniform: [0.40787340444512665, 0.27705588727258146, 0.6990392671432346, 0.12844756059348583],
    below1000: [407, 277, 699, 128],
    normal: [-0.173198019011113, 1.0089955859388964, 1.0718069625124715, 1.119276905795519],
    shuffled: [2, 7, 5, 6, 0, 4, 1, 3],
  },
];

describe.each(PINNED)('the stream of $names', ({ names, bits, uniform, below1000, normal, shuffled }) => {
  const stream = (): Random => new Random(...names);

  it('begins with the numbers it always began with', () => {
    const each = [stream(), stream(), stream(), stream()] as const;
    expect(times(4, () => each[0].bits())).toEqual(bits);
    expect(times(4, () => each[1].uniform())).toEqual(uniform);
    expect(times(4, () => each[2].below(1000))).toEqual(below1000);
    expect(times(4, () => each[3].normal())).toEqual(normal);
  });

  it('shuffles a copy as it always did', () => {
    const values = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(stream().shuffle(values)).toEqual(shuffled);
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('a stream', () => {
  it('is another for another seed, another name, and names cut otherwise', () => {
    const streams = [
      new Random(1, 'ab'),
      new Random(2, 'ab'),
      new Random(1, 'a', 'b'),
      new Random(1, 'ba'),
      new Random(1),
    ];
    expect(new Set(streams.map((stream) => stream.bits())).size).toBe(streams.length);
  });

  it('tells a number from its text', () => {
    expect(new Random(1, 2).bits()).not.toBe(new Random(1, '2').bits());
  });

  it('is uniform in its mean and its tenths, and normal in its mean and deviation', () => {
    const random = new Random(5);
    const uniform = times(20_000, () => random.uniform());
    const tenths = times(10, () => 0);
    for (const value of uniform) tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? NaN) + 1;
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(1800));
    const normal = times(20_000, () => random.normal());
    const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
    const variance = normal.reduce((sum, value) => sum + value * value, 0) / normal.length;
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(20_000));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
  });

  it('picks one element, and says that an empty list has none', () => {
    expect(new Random(0).pick(['a', 'b', 'c', 'd'])).toBe('d');
    expect(() => new Random(0).pick([])).toThrow(new RangeError('cannot pick from an empty array'));
  });
});

/** Sentences about a text book: what adapters know without the text, by form, level and rank, and what it costs their base. */
import { zh } from './chinese.js';
import { catalogue } from './language.js';

const CHINESE_GROUPS = { covered: '已覆盖', uncovered: '未覆盖', untaught: '未教', unseen: '未见' } as const;

export type GroupName = keyof typeof CHINESE_GROUPS;

/** What an adapter is compared with. */
export type ContrastKind = 'against other documents' | 'against raw' | 'against another';

const CHINESE_KINDS: Readonly<Record<ContrastKind, string>> = {
  'against other documents': '其他文档的适配器',
  'against raw': '原样文本',
  'against another': '另一个适配器',
};

export const knowledgeWords = catalogue({
  en: {
    unproven: 'So nothing shows yet that the answers come from the texts, not from the form of the questions.',
    beaten: (gap: string): string =>
      `training on the texts does not detectably beat training on other documents${gap}.`,
    gap: (adapter: string, numbers: string): string => ` (${adapter}: ${numbers})`,
    originalText: 'the original text',
    bits: (bits: string): string => `${bits} bits`,
    price: (change: string): string => `; the loss on other text ${change}`,
    finding: (said: {
      readonly text: string;
      readonly form: string;
      readonly rank: number;
      readonly recall: string;
      readonly worth: string;
      readonly price: string;
    }) =>
      `trained on ${said.text} as ${said.form}, an adapter of rank ${said.rank} answers ${said.recall} without the text: ${said.worth}${said.price}.`,
    withoutText: (share: string): string => `${share} without the text`,
    withText: (share: string): string => `${share} with the text in the prompt`,
    baseAnswers: (parts: readonly string[]): string => `The base alone answers ${parts.join(' and ')}.`,
    otherDocuments: (share: string, form: string, rank: number): string =>
      `An adapter of other documents answers ${share} (${form}, rank ${rank}).`,
    choice: (adapters: string, close: string): string => `Of ${adapters} adapters this one recalls most facts${close}.`,
    close: (others: string): string => `; the recall of ${others} lies within the interval of its own`,
    byForm: (told: string): string => `By form, at that level and rank: ${told}.`,
    untaught: (form: string, rank: number, share: string): string =>
      `Of items whose text alone was trained, without a question, ${form} at rank ${rank} answers ${share}.`,
    moreThanRaw: (numbers: string): string => `That is more than raw text alone: ${numbers}.`,
    lessThanRaw: (numbers: string): string => `That is less than raw text alone: ${numbers}.`,
    likeRaw: (numbers: string): string => `That is not detectably different from raw text alone: ${numbers}.`,
    byLevel: (form: string, rank: number, told: string): string => `By level, ${form} at rank ${rank}: ${told}.`,
    kept: (kept: string, learnt: string): string =>
      `The texts keep ${kept} of the answers; of those ${learnt} are recalled.`,
    byRank: (form: string, level: string, told: string): string => `By rank, ${form} from ${level}: ${told}.`,
    byItems: (form: string, level: string, rank: number, told: string): string =>
      `By items trained on, ${form} from ${level} at rank ${rank}: ${told}.`,
    bitsEach: (rank: number, bits: string): string => `At rank ${rank} that is ${bits} bits a parameter.`,
    cheaper: (adapter: string, share: string, price: string): string =>
      `Cheaper, and within its interval: ${adapter} answers ${share} for ${price}.`,
    line: (said: {
      readonly dataset: string;
      readonly adapter: string;
      readonly kind: ContrastKind;
      readonly group: GroupName | 'all';
      readonly numbers: string;
      readonly count: string;
    }) =>
      `${said.dataset}, ${said.adapter}, ${said.kind}${said.group === 'all' ? '' : `, ${said.group} questions`}: ${said.numbers}, on ${said.count}.`,
    known: (known: string, asked: string): string =>
      `The base answers ${known} of ${asked} without any text: these are left out of recall and comparisons.`,
    oneSeed:
      'Each adapter was trained once: noise between trainings is assumed, not measured; give seeds to measure it.',
    noOthers:
      'No adapter of other documents was trained, so that what the form of the questions alone gives is not known: keep testItems, and controls on.',
    othersElsewhere: 'Adapters of other documents were trained at another level or rank than those compared.',
    adapter: (form: string, level: string, rank: number): string => `${form}, ${level}, rank ${rank}`,
    rises: (bits: string): string => `rises by ${bits} bits a token`,
    falls: (bits: string): string => `falls by ${bits} bits a token`,
    noChange: 'shows no detectable change',
    change: (change: string, interval: string | null): string =>
      interval === null ? change : `${change} (${interval})`,
    noChangeOf: (size: string, interval: string | null): string =>
      `shows no detectable change: ${size}${interval === null ? '' : ` (${interval})`}`,
    contrast: (difference: string, interval: string): string => `${difference} points, ${interval}`,
    contrastCount: (questions: string, items: string): string => `${questions} about ${items}`,
    at: (place: string, share: string): string => `${place}\u00a0${share}`,
    cost: (change: string): string => `Cost to the base: the loss on other text ${change}.`,
    diverges: (bits: string): string => `On the base’s own samples it diverges from the base by ${bits} bits a token.`,
    reading: (asked: string, lost: string, won: string): string =>
      `Of ${asked} about other texts, asked with the text in the prompt, it loses ${lost} and wins ${won}.`,
    knownLost: (facts: string, lost: string): string =>
      `Of ${facts} that the base knew without any text, it loses ${lost}.`,
    strength: (strength: string, share: string, change: string): string =>
      `At ${strength} of its strength it answers ${share}, and that loss ${change}.`,
    group: (group: GroupName | 'all'): string => (group === 'all' ? 'all trained' : group),
    comparedWith: (kind: ContrastKind): string => kind.replace('against ', ''),
  },
  zh: {
    unproven: '因此还没有证据表明答案来自文本，而不是来自问题的形式。',
    beaten: (gap) => zh`用这些文本训练，并不显著优于用其他文档训练${gap}。`,
    gap: (adapter, numbers) => zh`（${adapter}：${numbers}）`,
    originalText: '原文',
    bits: (bits) => zh`${bits} bit`,
    price: (change) => zh`。其他文本上的损失函数值${change}`,
    finding: ({ text, form, rank, recall, worth, price }) =>
      zh`以 ${form} 形式用${text}训练的秩${rank}适配器，在没有文本时答对${recall}，即${worth}${price}。`,
    withoutText: (share) => zh`没有文本时${share}`,
    withText: (share) => zh`提示中有文本时${share}`,
    baseAnswers: (parts) => zh`基座模型答对的比例：${parts.join('，')}。`,
    otherDocuments: (share, form, rank) => zh`用其他文档训练的适配器答对${share}（${form}，秩${rank}）。`,
    choice: (adapters, close) => zh`${adapters}个适配器中，它召回的事实最多${close}。`,
    close: (others) => zh`。另有${others}的召回率落在它的区间内`,
    byForm: (told) => zh`同一级别和秩，按形式：${told}。`,
    untaught: (form, rank, share) => zh`只训练了文本而没有训练问题的条目，${form}（秩${rank}）答对${share}。`,
    moreThanRaw: (numbers) => zh`这高于只用原样文本训练：${numbers}。`,
    lessThanRaw: (numbers) => zh`这低于只用原样文本训练：${numbers}。`,
    likeRaw: (numbers) => zh`这与只用原样文本训练没有显著差异：${numbers}。`,
    byLevel: (form, rank, told) => zh`按级别（${form}，秩${rank}）：${told}。`,
    kept: (kept, learnt) => zh`各级别的文本依次保留${kept}的答案，其中召回${learnt}。`,
    byRank: (form, level, told) => zh`按秩（${form}，${level}）：${told}。`,
    byItems: (form, level, rank, told) => zh`按训练条目数（${form}，${level}，秩${rank}）：${told}。`,
    bitsEach: (rank, bits) => zh`秩${rank}时，每个参数${bits} bit。`,
    cheaper: (adapter, share, price) => zh`代价更低且落在其区间内：${adapter}答对${share}，代价为${price}。`,
    line: ({ dataset, adapter, kind, group, numbers, count }) =>
      zh`${dataset}，${adapter}，相对${CHINESE_KINDS[kind]}${group === 'all' ? '' : `，${CHINESE_GROUPS[group]}的问题`}：${numbers}，依据${count}。`,
    known: (known, asked) => zh`没有任何文本时，基座模型已能答对${asked}中的${known}个。它们不计入召回率和比较。`,
    oneSeed: '每个适配器只训练了一次：训练之间的波动是假定的，没有测量。要测量它，请给出多个种子。',
    noOthers: '没有用其他文档训练适配器，因此不知道仅凭问题的形式能答对多少。请保留 testItems，并打开 controls。',
    othersElsewhere: '用其他文档训练的适配器，其级别或秩与所比较的不同。',
    adapter: (form, level, rank) => zh`${form}，${level}，秩${rank}`,
    rises: (bits) => zh`每 token 上升${bits} bit`,
    falls: (bits) => zh`每 token 下降${bits} bit`,
    noChange: '没有显著变化',
    change: (change, interval) => (interval === null ? change : zh`${change}（${interval}）`),
    noChangeOf: (size, interval) => zh`没有显著变化（${interval === null ? size : `${size}，${interval}`}）`,
    contrast: (difference, interval) => zh`${difference}个百分点，${interval}`,
    contrastCount: (questions, items) => zh`${items}的${questions}`,
    at: (place, share) => zh`${place}为${share}`,
    cost: (change) => zh`对基座模型的代价：其他文本上的损失函数值${change}。`,
    diverges: (bits) => zh`在基座模型自己生成的样本上，它与基座模型的散度为每 token ${bits} bit。`,
    reading: (asked, lost, won) =>
      zh`关于其他文本的${asked}（提示中有文本）中，它答错了原来答对的${lost}个，答对了原来答错的${won}个。`,
    knownLost: (facts, lost) => zh`基座模型在没有文本时已知的${facts}中，它丢失了${lost}条。`,
    strength: (strength, share, change) => zh`强度降到${strength}时，它答对${share}，上述损失函数值${change}。`,
    group: (group) => (group === 'all' ? '全部已训练' : CHINESE_GROUPS[group]),
    comparedWith: (kind) => CHINESE_KINDS[kind],
  },
});

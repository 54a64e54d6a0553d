/** Titles, notes, axes and labels of charts. */
import { zh } from './chinese.js';
import { catalogue } from './language.js';
import { numberWords } from './numbers.js';

export const chartWords = catalogue({
  en: {
    percent: (digits: string): string => `${digits} %`,
    meanScore: 'Mean score (1 to 5)',
    correctAnswers: 'Correct answers',
    baseWith: (mean: string): string => `base ${mean}`,
    base: 'base model',
    unscored: (n: number): string => `${n} unscored`,
    interval: (low: string, high: string): string => `95 % interval ${low} to ${high}`,
    answersOnItems: (answers: number, items: number): string => `${answers} answers on ${items} items`,
    point: (name: string, value: string): string => `${name}: ${value}`,
    scoreOverTrr: (dataset: string): string => `${dataset}: score over token reduction rate`,
    scoreOverKept: (dataset: string): string => `${dataset}: score over answers kept`,
    scoreOverItems: (dataset: string, book: string): string =>
      `${dataset}, ${book}: score over the number of items trained on, one line for each rank`,
    scoreOverLevel: (dataset: string, book: string): string =>
      `${dataset}, ${book}: score over level, one line for each rank`,
    scoreOverSize: (dataset: string, book: string): string =>
      `${dataset}, ${book}: score over trained parameters, one line for each level`,
    spread: 'How the token reduction rates of the items spread at each level',
    itemsTrainedOn: 'Items trained on',
    tokensSavedEach: 'Tokens saved, per item (TRR)',
    tokensSaved: 'Tokens saved (macro TRR)',
    tokensSavedBroken: 'Tokens saved (macro TRR), broken where texts grew',
    tokensSavedLog: 'Tokens saved (macro TRR); axis: log of tokens left',
    answersKept: 'Answers still found in the text',
    levelOfText: 'Level of the text',
    parametersLog: 'Trained parameters (log)',
    step: 'Step',
    loss: 'Loss, nats per answer token',
    heldOut: (name: string): string => `${name}, held out`,
    from: (items: string, start: string, end: string): string => `${items} from ${start} to ${end}`,
    rank: 'Rank',
    answeredWithout: 'Answered without the text',
    recallOverLevel: (dataset: string): string =>
      `${dataset}: recall without the text over the level trained on, one line for each form`,
    recallOverItems: (dataset: string): string =>
      `${dataset}: recall without the text over the number of items trained on, one line for each rank`,
    recallOverTokens: (dataset: string): string =>
      `${dataset}: recall without the text over tokens trained on, one line for each form`,
    recallOverRank: (dataset: string): string =>
      `${dataset}: recall over rank, of adapters trained at a rank and of the largest cut to it`,
    recallOverLoss: (dataset: string): string =>
      `${dataset}: recall without the text against the rise of the loss on other text, a point an adapter`,
    tokensTrainedOn: (isLog: boolean): string => `Tokens trained on, repeats counted${isLog ? '; logarithmic' : ''}`,
    lossChange: 'Change of the loss on other text, bits a token',
    atStrength: (adapter: string, strength: string, recall: string): string =>
      `${adapter} at ${strength} of its strength: ${recall}`,
    keptInText: 'kept in text',
    baseReads: 'base reads ×',
    textKeeps: (level: string, share: string): string => `${level}: the text keeps ${share} of the answers`,
    baseThatReads: (level: string, share: string): string => `${level}: the base that reads the text answers ${share}`,
    cutFrom: (form: string, largest: number, rank: number, recall: string): string =>
      `${form}, cut from rank ${largest} to rank ${rank}: ${recall}`,
    trainedAt: (form: string, rank: number, recall: string): string => `${form}, trained at rank ${rank}: ${recall}`,
    cut: (form: string): string => `${form}, cut`,
  },
  zh: {
    percent: (digits) => `${digits}%`,
    meanScore: '平均得分（1 至 5）',
    correctAnswers: '答对的比例',
    baseWith: (mean) => zh`基座${mean}`,
    base: '基座模型',
    unscored: (n) => zh`${n}条未评分`,
    interval: (low, high) => zh`95% 区间${low}至${high}`,
    answersOnItems: (answers, items) => zh`${items}个条目的${answers}条回答`,
    point: (name, value) => zh`${name}：${value}`,
    scoreOverTrr: (dataset) => zh`${dataset}：得分随 Token 缩减率的变化`,
    scoreOverKept: (dataset) => zh`${dataset}：得分随保留的答案的变化`,
    scoreOverItems: (dataset, book) => zh`${dataset}，${book}：得分随训练条目数的变化，每个秩一条线`,
    scoreOverLevel: (dataset, book) => zh`${dataset}，${book}：各级别的得分，每个秩一条线`,
    scoreOverSize: (dataset, book) => zh`${dataset}，${book}：得分随训练参数量的变化，每个级别一条线`,
    spread: '各级别上条目的 Token 缩减率的分布',
    itemsTrainedOn: '训练条目数',
    tokensSavedEach: '每个条目节省的 token（TRR）',
    tokensSaved: '节省的 token（宏平均 TRR）',
    tokensSavedBroken: '节省的 token（宏平均 TRR），文本变长处断开',
    tokensSavedLog: '节省的 token（宏平均 TRR），按剩余 token 的对数',
    answersKept: '文本中仍能找到的答案',
    levelOfText: '文本的级别',
    parametersLog: '训练参数量（对数）',
    step: '步',
    loss: '损失函数值（每个答案 token，nat）',
    heldOut: (name) => zh`${name}，留出集`,
    from: (items, start, end) => zh`${items}，${start}至${end}`,
    rank: '秩',
    answeredWithout: '没有文本时答对',
    recallOverLevel: (dataset) => zh`${dataset}：没有文本时的召回率随训练级别的变化，每种形式一条线`,
    recallOverItems: (dataset) => zh`${dataset}：没有文本时的召回率随训练条目数的变化，每个秩一条线`,
    recallOverTokens: (dataset) => zh`${dataset}：没有文本时的召回率随训练 token 的变化，每种形式一条线`,
    recallOverRank: (dataset) => zh`${dataset}：召回率随秩的变化，含直接训练的适配器和由最大的秩截取的适配器`,
    recallOverLoss: (dataset) => zh`${dataset}：没有文本时的召回率与其他文本上损失函数值的上升，每点一个适配器`,
    tokensTrainedOn: (isLog) => `训练的 token，重复计入${isLog ? '（对数）' : ''}`,
    lossChange: '其他文本上损失函数值的变化（每 token 的 bit）',
    atStrength: (adapter, strength, recall) => zh`${adapter}，强度${strength}：${recall}`,
    keptInText: '文本中保留',
    baseReads: '基座阅读 ×',
    textKeeps: (level, share) => zh`${level}：文本保留了${share}的答案`,
    baseThatReads: (level, share) => zh`${level}：读文本的基座模型答对${share}`,
    cutFrom: (form, largest, rank, recall) => zh`${form}，由秩${largest}截到秩${rank}：${recall}`,
    trainedAt: (form, rank, recall) => zh`${form}，以秩${rank}训练：${recall}`,
    cut: (form) => `${form} 截取`,
  },
});

export const figureWords = catalogue({
  en: {
    measure: { score: 'score', accuracy: 'correct answers' },
    recall: 'recall',
    overCompression: (dataset: string, measure: string, place: string): string =>
      `${dataset}: ${measure} over compression, ${place}`,
    overKept: (dataset: string, measure: string, place: string): string =>
      `${dataset}: ${measure} over answers kept in the text, ${place}`,
    overItems: (dataset: string, measure: string, place: string): string =>
      `${dataset}: ${measure} over items trained on, ${place}`,
    overLevel: (dataset: string, measure: string, book: string): string =>
      `${dataset}: ${measure} over level, one line for each rank, ${book}`,
    overSize: (dataset: string, measure: string, book: string): string =>
      `${dataset}: ${measure} over the size of the adapter, ${book}`,
    lossOverSteps: (dataset: string, book: string): string => `${dataset}: loss over the steps of training, ${book}`,
    marks:
      'Round: no detectable difference to the best level; triangle: detectably lower, both by paired comparison on the same questions.',
    fitted: 'Thin and dashed: the saturating curve through a rank’s points.',
    lossNote:
      'One line for each adapter, its colour the rank’s. Fell and rose: by more than 0.05 from the first tenth of the steps to the last.',
    heldOutNote: 'Dots: loss on items kept from training.',
    counts: (said: {
      readonly judge: string;
      readonly answers: string;
      readonly items: string;
      readonly pooled: string | null;
    }) =>
      `Judge: ${said.judge}. n = ${said.answers} answers on ${said.items} items a point${said.pooled === null ? '' : `, up to ${said.pooled} pooled`}.`,
    bars: 'Bars: 95 % intervals of each mean by itself, clustered by item and widened by the noise between seeds; dashed, or crosses at levels of another kind: the untuned base model.',
    unscored: (answers: string): string => `${answers} unscored and left out.`,
    hollow: 'Hollow: contexts were cut to the context length.',
    recallLevels: (dataset: string, rank: number): string =>
      `${dataset}: recall without the text over the level trained on, rank ${rank}`,
    recallLevelsFinding: (form: string, told: string, kept: string): string =>
      `Recall of ${form} by level: ${told}; the texts keep ${kept} of the answers.`,
    recallLevelsNote:
      'Bars across: answers still found in the text. Crosses: the base with the text in its prompt. Dashed: the base without it.',
    recallItems: (dataset: string, level: string): string =>
      `${dataset}: recall without the text over the items trained on, ${level}`,
    recallItemsFinding: (form: string, rank: number, told: string): string =>
      `Recall of ${form} by items trained on, rank ${rank}: ${told}.`,
    recallTokens: (dataset: string, level: string, rank: number): string =>
      `${dataset}: recall without the text over tokens trained on, ${level}, rank ${rank}`,
    recallTokensFinding: (told: string): string => `Recall by tokens trained on: ${told}.`,
    withTokens: (recall: string, tokens: string): string => `${recall} (${tokens})`,
    forgetting: (dataset: string): string => `${dataset}: recall without the text against what it costs the base`,
    forgettingFinding: (adapter: string, recall: string, change: string): string =>
      `Most is recalled by ${adapter}: ${recall}; the loss on other text ${change}.`,
    forgettingNote: 'A point an adapter, named by level and rank; bars across: 95 % intervals of the change.',
    strengths: 'Thin lines join an adapter with itself at other strengths.',
    probe:
      'Recall is here of all questions about trained items, those that the base knows among them, by the lexical judge.',
    truncation: (dataset: string, level: string): string =>
      `${dataset}: recall of adapters cut to a rank, beside those trained at it, ${level}`,
    truncationNote:
      'Dashed, hollow: the adapter of the largest rank, cut by its singular values, without training again. Filled: trained at that rank.',
    formsLeft: (forms: string): string => `${forms} that recall less left out.`,
    ofRank: (rank: number, form: string, recall: string): string => `of rank ${rank}, ${form} recalls ${recall}`,
    cutTo: (rank: number, recall: string): string => `cut to rank ${rank}, ${recall}`,
    trainedAt: (rank: number, recall: string): string => `trained at rank ${rank}, ${recall}`,
    sentence: (clauses: readonly string[]): string => `${clauses.join('; ')}.`,
    textCounts: (said: {
      readonly judge: string;
      readonly questions: string;
      readonly items: string;
      readonly pooled: string | null;
    }) =>
      `Judge: ${said.judge}. n = ${said.questions} questions about ${said.items} trained items a point${said.pooled === null ? '' : `, up to ${said.pooled} pooled`}; what the base answers without any text is left out.`,
    textBars: 'Bars: 95 % intervals of each mean by itself, clustered by item.',
    more: ' …',
  },
  zh: {
    measure: { score: '得分', accuracy: '正确率' },
    recall: '召回率',
    overCompression: (dataset, measure, place) => zh`${dataset}：${measure}随压缩程度的变化，${place}`,
    overKept: (dataset, measure, place) => zh`${dataset}：${measure}随文本中保留的答案的变化，${place}`,
    overItems: (dataset, measure, place) => zh`${dataset}：${measure}随训练条目数的变化，${place}`,
    overLevel: (dataset, measure, book) => zh`${dataset}：各级别的${measure}，每个秩一条线，${book}`,
    overSize: (dataset, measure, book) => zh`${dataset}：${measure}随适配器大小的变化，${book}`,
    lossOverSteps: (dataset, book) => zh`${dataset}：训练过程中的损失函数值，${book}`,
    marks: '圆形：与最好的级别没有显著差异。三角形：显著更低。二者都依据相同问题上的成对比较。',
    fitted: '细虚线：按各秩的数据点拟合的饱和曲线。',
    lossNote: '每个适配器一条线，颜色表示秩。下降或上升指最后十分之一步与最初十分之一步相差 0.05 以上。',
    heldOutNote: '圆点：留出条目上的损失函数值。',
    counts: ({ judge, answers, items, pooled }) =>
      zh`评审：${judge}。每点 n = ${answers}条回答，来自${items}个条目${pooled === null ? '' : zh`，最多合并${pooled}`}。`,
    bars: '竖线：各均值单独的 95% 区间，按条目聚类，并按种子之间的波动加宽。虚线，或其他类型级别上的叉号：未微调的基座模型。',
    unscored: (answers) => zh`${answers}未评分，没有计入。`,
    hollow: '空心：上下文被截短到长度上限。',
    recallLevels: (dataset, rank) => zh`${dataset}：没有文本时的召回率随训练级别的变化，秩${rank}`,
    recallLevelsFinding: (form, told, kept) => zh`${form} 按级别的召回率：${told}。各级别的文本依次保留${kept}的答案。`,
    recallLevelsNote: '横线：文本中仍能找到的答案。叉号：提示中有文本的基座模型。虚线：没有文本的基座模型。',
    recallItems: (dataset, level) => zh`${dataset}：没有文本时的召回率随训练条目数的变化，${level}`,
    recallItemsFinding: (form, rank, told) => zh`${form} 按训练条目数的召回率，秩${rank}：${told}。`,
    recallTokens: (dataset, level, rank) => zh`${dataset}：没有文本时的召回率随训练 token 的变化，${level}，秩${rank}`,
    recallTokensFinding: (told) => zh`按训练的 token 数，召回率：${told}。`,
    withTokens: (recall, tokens) => `${recall}（${tokens}）`,
    forgetting: (dataset) => zh`${dataset}：没有文本时的召回率与对基座模型的代价`,
    forgettingFinding: (adapter, recall, change) =>
      zh`召回最多的是${adapter}：${recall}。其他文本上的损失函数值${change}。`,
    forgettingNote: '每点一个适配器，以级别和秩标注。横线：变化的 95% 区间。',
    strengths: '细线连接同一适配器在不同强度下的结果。',
    probe: '这里的召回率包括已训练条目的全部问题，也含基座模型已知的，由词汇评审评分。',
    truncation: (dataset, level) => zh`${dataset}：截取到某个秩的适配器与直接以该秩训练的适配器的召回率，${level}`,
    truncationNote: '虚线、空心：秩最大的适配器按奇异值截取，没有再训练。实心：直接以该秩训练。',
    formsLeft: (forms) => zh`省略了召回率更低的${forms}。`,
    ofRank: (rank, form, recall) => zh`秩${rank}的 ${form} 召回${recall}`,
    cutTo: (rank, recall) => zh`截取到秩${rank}为${recall}`,
    trainedAt: (rank, recall) => zh`直接以秩${rank}训练为${recall}`,
    sentence: (clauses) => `${clauses.join('；')}。`,
    textCounts: ({ judge, questions, items, pooled }) =>
      zh`评审：${judge}。每点 n = ${questions}个问题，来自${items}个已训练的条目${pooled === null ? '' : zh`，最多合并${pooled}`}。基座模型没有任何文本时就能答对的问题没有计入。`,
    textBars: '竖线：各均值单独的 95% 区间，按条目聚类。',
    more: '……',
  },
});

/** `150`, `40 to 150`. */
export function spanWords(low: string, high: string): string {
  return low === high ? low : numberWords().interval(low, high);
}

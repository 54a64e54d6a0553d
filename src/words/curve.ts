/** Sentences about a compression curve: how far compression may go, what each level loses, what training adds. */
import { catalogue } from './language.js';
import { zh } from './chinese.js';

/** A level that is named, and the size or interval that belongs to it. */
interface Against {
  readonly name: string;
  readonly reference: string;
  /** What is allowed to be lost. */
  readonly allowed: string;
}

export const curveWords = catalogue({
  en: {
    otherBook: (book: string, sentences: string): string => `${book}: ${sentences}`,
    saves: (share: string): string => ` saves ${share} of the tokens and`,
    longer: (share: string): string => `, ${share} longer than the source,`,
    keeps: ({ name, reference, allowed, saved, bound }: Against & { readonly saved: string; readonly bound: string }) =>
      `${name}${saved} keeps the score of ${reference}: a loss of more than ${allowed} is excluded (${bound}).`,
    noneFurther: (name: string): string => `No level is more compressed than ${name}.`,
    nextLoses: ({ name, reference, allowed }: Against): string =>
      `${name} already loses more against ${reference} than the ${allowed} that are allowed.`,
    noneShown: (name: string, allowed: string): string =>
      `No more compressed level is shown to keep the score of ${name} within ${allowed}.`,
    losesMore: (name: string, numbers: string): string => `${name} loses more than that (${numbers}).`,
    notSettled: (
      name: string,
      said: { readonly allowed: string; readonly numbers: string; readonly settling: string },
    ) => `Whether ${name} loses more than ${said.allowed} is not settled (${said.numbers}); ${said.settling}.`,
    raised: (names: readonly string[], said: { readonly names: string; readonly best: string; readonly by: string }) =>
      `Changing the text raises the score: ${said.names} ${names.length === 1 ? 'scores' : 'score'} detectably above original, ${said.best} by ${said.by}; losses are counted from there.`,
    losses: (reference: string, isInPoints: boolean, each: readonly string[]): string =>
      `Difference to ${reference} with joint intervals${isInPoints ? ', in points' : ''}: ${each.join(', ')}.`,
    tooFewItems: 'Too few items to tell levels apart.',
    bestOfAll: (name: string): string => `${name} is detectably better than every other level.`,
    noneApart: (name: string): string => `No level can be told from ${name}, the best mean.`,
    someApart: (said: {
      readonly tied: string;
      readonly best: string;
      readonly lower: string;
      readonly isOne: boolean;
    }) =>
      `${said.tied} cannot be told from ${said.best}, the best mean; ${said.lower} ${said.isOne ? 'scores' : 'score'} detectably lower.`,
    together: (names: string): string => `${names} together`,
    split: (said: {
      readonly more: string;
      readonly isOne: boolean;
      readonly less: string;
      readonly isBelow: boolean;
      readonly numbers: string;
    }) =>
      `${said.more} ${said.isOne ? 'lies' : 'lie'} ${said.isBelow ? 'below' : 'above'} ${said.less}: ${said.numbers}.`,
    step: (said: {
      readonly from: string;
      readonly to: string;
      readonly falls: boolean;
      readonly by: string;
    }): string => `from ${said.from} to ${said.to} the score ${said.falls ? 'falls' : 'rises'} by ${said.by}`,
    steps: (steps: readonly string[]): string => `Single steps that can be told: ${steps.join('; ')}.`,
    baseNotAsked: 'The base model was not asked: nothing says what training adds.',
    baseReadOther: (level: string): string =>
      `The base model did not read ${level}: there, what training adds cannot be told from what the text does.`,
    trainingUnseen: (level: string, numbers: string): string =>
      `Training makes no detectable difference between the adapter and the base model, both reading ${level} (${numbers}).`,
    training: (helps: boolean, level: string, numbers: string): string =>
      `Training ${helps ? 'helps' : 'hurts'}, comparing the adapter and the base model, both reading ${level}: ${numbers}.`,
    abstention: (shares: readonly string[]): string =>
      `Of questions that the text cannot answer, counted in no other mean, these shares were declined: ${shares.join(', ')}.`,
    counted: 'what losses are counted from',
    against: (numbers: string, level: string): string => `${numbers} against ${level}`,
    best: 'best mean',
    lower: 'detectably lower',
    noDifference: 'no detectable difference',
    answers: (answers: string, items: string): string => `${answers} on ${items}`,
    place: (where: string, level: string, trr: string): string => `${where}, ${level} (TRR ${trr})`,
    line: (place: string, parts: readonly string[]): string => `${place}: ${parts.join('; ')}.`,
  },
  zh: {
    otherBook: (book, sentences) => zh`${book}：${sentences}`,
    saves: (share) => zh`节省${share}的 token，`,
    longer: (share) => zh`比源文本长${share}，`,
    keeps: ({ name, reference, allowed, saved, bound }) =>
      zh`${name}${saved}保持了${reference}的得分：可以排除大于${allowed}的损失（${bound}）。`,
    noneFurther: (name) => zh`没有比${name}压缩程度更高的级别。`,
    nextLoses: ({ name, reference, allowed }) => zh`${name}相对${reference}的损失已经超过允许的${allowed}。`,
    noneShown: (name, allowed) => zh`没有证据表明压缩程度更高的级别能把相对${name}的损失控制在${allowed}以内。`,
    losesMore: (name, numbers) => zh`${name}的损失超过这一限度（${numbers}）。`,
    notSettled: (name, { allowed, numbers, settling }) =>
      zh`${name}的损失是否超过${allowed}尚无定论（${numbers}）。${settling}。`,
    raised: (all, { names, best, by }) =>
      zh`改写文本提高了得分：${names}的得分显著高于原文，${all.length === 1 ? '' : zh`其中${best}`}高出${by}。损失以${best}为基准计算。`,
    losses: (reference, isInPoints, each) =>
      zh`与${reference}的差异及联合区间${isInPoints ? '（单位：百分点）' : ''}：${each.join('，')}。`,
    tooFewItems: '条目太少，无法区分各级别。',
    bestOfAll: (name) => zh`${name}显著优于其他所有级别。`,
    noneApart: (name) => zh`没有任何级别能与均值最高的${name}区分开。`,
    someApart: ({ tied, best, lower }) => zh`${tied}无法与均值最高的${best}区分开。${lower}的得分显著更低。`,
    together: (names) => zh`${names}合并后`,
    split: ({ more, less, isBelow, numbers }) =>
      zh`${more}的均值${isBelow ? '低于' : '高于'}${less}的均值：${numbers}。`,
    step: ({ from, to, falls, by }) => zh`从${from}到${to}，得分${falls ? '下降' : '上升'} ${by}`,
    steps: (steps) => zh`显著的单步变化：${steps.join('；')}。`,
    baseNotAsked: '没有询问基座模型，因此无法知道训练带来了什么。',
    baseReadOther: (level) => zh`基座模型没有读过${level}。在这一级别上，训练的作用无法与文本的作用分开。`,
    trainingUnseen: (level, numbers) => zh`适配器与基座模型读同样的${level}，训练没有带来显著差异（${numbers}）。`,
    training: (helps, level, numbers) =>
      zh`训练${helps ? '有帮助' : '有损害'}。适配器与基座模型读同样的${level}，二者相差${numbers}。`,
    abstention: (shares) => zh`文本无法回答的问题不计入其他均值。对这些问题，拒答的比例为：${shares.join('，')}。`,
    counted: '损失的计算基准',
    against: (numbers, level) => zh`相对${level}：${numbers}`,
    best: '均值最高',
    lower: '显著更低',
    noDifference: '没有显著差异',
    answers: (answers, items) => zh`${items}上的${answers}`,
    place: (where, level, trr) => zh`${where}，${level}（TRR ${trr}）`,
    line: (place, parts) => zh`${place}：${parts.join('；')}。`,
  },
});

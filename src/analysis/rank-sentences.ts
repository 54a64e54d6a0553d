/** What the comparisons of ranks say: sentences for people, and lines of evidence. */
import type { Cell } from './group.js';
import { estimateOf } from './group.js';
import { lowerBound } from './compare.js';
import type { RankChoice } from './rank.js';
import { settlingWords } from './settling.js';
import {
  bookName,
  counted,
  differenceText,
  gap,
  listed,
  percent,
  sentenceCase,
  shortLevel,
  whole,
  withInterval,
} from './wording.js';

/** How the rank was chosen, where it was measured, and whether ranks differ at all. */
export function rankSentences(
  all: readonly RankChoice[],
  choice: RankChoice | null,
  nearby: RankChoice | null,
  chosen: Cell,
): string[] {
  if (choice !== null) return [choiceSentence(choice), ...costSentence(choice), ...floorSentence(choice)];
  if (nearby !== null) return [nearbySentence(nearby, chosen)];
  if (all.length > 0 || chosen.rank === 0) return [];
  return [`Only rank ${chosen.rank} was trained here: nothing says whether a smaller one would do.`];
}

/** One line for each place where several ranks were trained. */
export function rankEvidence(choices: readonly RankChoice[]): string[] {
  return choices.map((choice) => {
    const means = choice.candidates.map(
      ({ rank, cell, againstLargest }) =>
        `rank ${rank} ${withInterval(estimateOf(cell, choice.measure), choice.measure)}${againstLargest === null ? '' : `, ${differenceText(againstLargest, choice.measure)} against rank ${choice.largest}`}`,
    );
    return `${placeOf(choice)}: ${means.join('; ')}. ${ruleName(choice)}: rank ${choice.rank}.`;
  });
}

function placeOf({ dataset, book, level, items }: RankChoice): string {
  const text = book === 'closed' ? '' : `, ${shortLevel(level)}`;
  return `${dataset}, ${bookName(book)}${text}, ${counted(items, 'item')}`;
}

function ruleName({ rule, settled, margin, measure }: RankChoice): string {
  if (rule === 'trr') return 'By the table from TRR';
  if (!settled) return 'Not settled, the largest kept';
  return `Smallest that loses no more than ${gap(margin, measure)} against the largest`;
}

function choiceSentence(choice: RankChoice): string {
  if (choice.rule === 'trr') return `The table from TRR gives rank ${choice.rank} at ${shortLevel(choice.level)}.`;
  return `${sentenceCase(enoughWords(choice))}.${apartWords(choice)}`;
}

/** What the data say of the rank that is enough. */
function enoughWords({ candidates, rank, largest, margin, measure, settled, level }: RankChoice): string {
  const own = candidates.find((candidate) => candidate.rank === rank);
  const allowed = gap(margin, measure);
  if (own?.againstLargest != null) {
    const bound = -lowerBound(own.againstLargest);
    const most = bound <= 0 ? 'no loss at all' : `at most ${gap(bound, measure)}`;
    return `at ${shortLevel(level)} rank ${rank} is enough: a loss of more than ${allowed} against rank ${largest} is excluded (one-sided, at 95\u00a0%: ${most})`;
  }
  const next = candidates.at(-2);
  const numbers =
    next?.againstLargest == null ? '' : ` (rank ${next.rank}: ${differenceText(next.againstLargest, measure)})`;
  if (settled) return `at ${shortLevel(level)} smaller ranks score lower than rank ${largest}${numbers}`;
  const settling =
    next?.againstLargest == null ? '' : `; ${settlingWords(next.cell, next.againstLargest, margin, measure)}`;
  return `whether less than rank ${largest} is enough at ${shortLevel(level)} is not settled: no smaller rank is shown to lose no more than ${allowed}${numbers}${settling}`;
}

function apartWords({ apart, candidates }: RankChoice): string {
  const ranks = listed(candidates.map(({ rank }) => whole(rank)));
  if (apart.length === 0) return ` No two of ranks ${ranks} can be told apart.`;
  return ` Rank ${listed(apart.map(({ higher, lower }) => `${higher} scores detectably above ${lower}`))}.`;
}

/** What the chosen rank takes against the largest, and at which rates ranks were trained. */
function costSentence({ candidates, rank, largest, equalRate }: RankChoice): string[] {
  const costOf = (of: number) => candidates.find((candidate) => candidate.rank === of)?.cost;
  const [own, most] = [costOf(rank), costOf(largest)];
  const parameters =
    own?.parameters == null
      ? ''
      : `${whole(own.parameters)} parameters${rank === largest || most?.parameters == null ? '' : ` of rank ${largest}'s ${whole(most.parameters)}`}`;
  const time =
    own?.seconds == null || most?.seconds == null || rank === largest
      ? ''
      : `${percent(own.seconds / most.seconds, 0)} of its time a run`;
  const takes = [parameters, time].filter((part) => part !== '');
  const rates = candidates.flatMap(({ cost }) => cost.rates);
  const [rate] = rates;
  const trained =
    rate === undefined
      ? ''
      : equalRate
        ? ` All ranks were trained at the learning rate ${rate}; whether another rate suits one of them better was not asked.`
        : ` Learning rates differ with the rank: ${candidates.map((each) => `rank ${each.rank} ${each.cost.rates.join(' and ')}`).join(', ')}; a difference between ranks may be one of rates.`;
  const sentence = `${takes.length === 0 ? '' : `Rank ${rank} takes ${takes.join(' and ')}.`}${trained}`.trim();
  return sentence === '' ? [] : [sentence];
}

function floorSentence({ floor }: RankChoice): string[] {
  if (floor === null) return [];
  return [
    `Capacity asks for rank ${floor.rank} at least: the answers hold ${whole(floor.bits)} bits, a rank ${whole(floor.parametersPerRank)} parameters at 2 bits each.`,
  ];
}

function nearbySentence(nearby: RankChoice, chosen: Cell): string {
  const place = shortLevel(nearby.level);
  const own = shortLevel(chosen.level);
  const found = nearby.rule === 'trr' ? `the table from TRR gives rank ${nearby.rank}` : enoughWords(nearby);
  const worth = nearby.rank < chosen.rank ? `, so rank ${nearby.rank} is worth a run at ${own}` : '';
  return `Several ranks were trained at ${place}, not at ${own}: ${found}${worth}.`;
}

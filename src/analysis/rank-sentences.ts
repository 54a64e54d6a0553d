/** What the comparisons of ranks say: sentences for people, and lines of evidence. */
import type { Cell } from './group.js';
import { estimateOf } from './group.js';
import type { RankChoice } from './rank.js';
import { bookName, counted, differenceText, listed, shortLevel, whole, withInterval } from './wording.js';

/** How the rank was chosen, where it was measured, and whether ranks differ at all. */
export function rankSentences(
  all: readonly RankChoice[],
  choice: RankChoice | null,
  nearby: RankChoice | null,
  chosen: Cell,
): string[] {
  if (choice !== null) return [choiceSentence(choice), ...floorSentence(choice)];
  if (nearby !== null) return [nearbySentence(nearby, chosen)];
  if (all.length > 0) return [];
  return [`Only rank ${chosen.rank} was trained here: nothing says whether a smaller one would do.`];
}

/** One line for each place where several ranks were trained. */
export function rankEvidence(choices: readonly RankChoice[]): string[] {
  return choices.map((choice) => {
    const means = choice.candidates.map(
      ({ rank, cell, againstBest }) =>
        `rank ${rank} ${withInterval(estimateOf(cell, choice.measure), choice.measure)}${againstBest === null ? ', best mean' : `, ${differenceText(againstBest, choice.measure)}`}`,
    );
    return `${placeOf(choice)}: ${means.join('; ')}. ${ruleName(choice)}: rank ${choice.rank}.`;
  });
}

function placeOf({ dataset, book, level, items }: RankChoice): string {
  const text = book === 'closed' ? '' : `, ${shortLevel(level)}`;
  return `${dataset}, ${bookName(book)}${text}, ${counted(items, 'item')}`;
}

function ruleName({ rule }: RankChoice): string {
  return rule === 'trr' ? 'By the table from TRR' : 'Smallest within one standard error of the best';
}

function choiceSentence(choice: RankChoice): string {
  if (choice.rule === 'trr') return `The table from TRR gives rank ${choice.rank} at ${shortLevel(choice.level)}.`;
  const ranks = listed(choice.candidates.map(({ rank }) => whole(rank)));
  if (!choice.detectable) {
    return `Ranks ${ranks} cannot be told apart at ${shortLevel(choice.level)}; rank ${choice.rank} is the smallest within one standard error of the best mean (rank ${choice.best}).`;
  }
  return `Of ranks ${ranks} at ${shortLevel(choice.level)}, rank ${choice.rank} is the smallest within one standard error of the best (rank ${choice.best}); smaller ones differ detectably or by more.`;
}

function floorSentence({ floor }: RankChoice): string[] {
  if (floor === null) return [];
  return [
    `Capacity asks for rank ${floor.rank} at least: the answers hold ${whole(floor.bits)} bits, a rank ${whole(floor.parametersPerRank)} parameters at 2 bits each.`,
  ];
}

function nearbySentence(nearby: RankChoice, chosen: Cell): string {
  const ranks = listed(nearby.candidates.map(({ rank }) => whole(rank)));
  const told = nearby.detectable ? 'differ' : 'cannot be told apart';
  const enough =
    nearby.rule === 'trr'
      ? `the table from TRR gives rank ${nearby.rank}`
      : `rank ${nearby.rank} is the smallest within one standard error of the best`;
  const place = shortLevel(nearby.level);
  return `Several ranks were trained at ${place}, not at ${shortLevel(chosen.level)}: there ranks ${ranks} ${told}, and ${enough}${nearby.rank < chosen.rank ? `, so rank ${nearby.rank} is worth a run at ${shortLevel(chosen.level)}` : ''}.`;
}

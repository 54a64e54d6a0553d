/** What the comparisons of ranks say: sentences for people, and lines of evidence. */
import type { Cell } from './group.js';
import { estimateOf } from './group.js';
import type { RankChoice } from './rank.js';
import { numberWords } from '../words/numbers.js';
import { rankWords } from '../words/rank.js';
import { boundWords, settlingWords } from './settling.js';
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
  return [rankWords().onlyOne(chosen.rank)];
}

/** One line for each place where several ranks were trained. */
export function rankEvidence(choices: readonly RankChoice[]): string[] {
  const words = rankWords();
  return choices.map((choice) => {
    const means = choice.candidates.map(({ rank, cell, againstLargest }) =>
      words.candidate(
        rank,
        withInterval(estimateOf(cell, choice.measure), choice.measure),
        againstLargest === null ? '' : words.against(differenceText(againstLargest, choice.measure), choice.largest),
      ),
    );
    return words.line(placeOf(choice), means, ruleName(choice), choice.rank);
  });
}

function placeOf({ dataset, book, level, items }: RankChoice): string {
  const text = book === 'closed' ? [] : [shortLevel(level)];
  return numberWords().parts(dataset, bookName(book), ...text, counted(items, 'item'));
}

function ruleName({ rule, settled, margin, measure }: RankChoice): string {
  if (rule === 'trr') return rankWords().ruleTrr;
  return settled ? rankWords().ruleMargin(gap(margin, measure)) : rankWords().ruleOpen;
}

function choiceSentence(choice: RankChoice): string {
  const words = rankWords();
  if (choice.rule === 'trr') return words.trr(choice.rank, atWords(choice));
  return `${words.sentence(sentenceCase(enoughWords(choice)))}${apartWords(choice)}`;
}

/** Where the ranks were compared: at a level, or in closed book, which has none. */
function atWords({ book, level }: RankChoice): string {
  return book === 'closed' ? rankWords().inClosedBook : rankWords().atLevel(shortLevel(level));
}

/** What the data say of the rank that is enough. */
function enoughWords(choice: RankChoice): string {
  const { candidates, rank, largest, margin, measure, settled } = choice;
  const words = rankWords();
  const own = candidates.find((candidate) => candidate.rank === rank);
  const [place, allowed] = [atWords(choice), gap(margin, measure)];
  if (own?.againstLargest != null) {
    const bound = boundWords(own.againstLargest, measure);
    return words.enough({ place, rank, allowed, largest, bound });
  }
  const next = candidates.at(-2);
  const against = next?.againstLargest ?? null;
  const numbers = next === undefined || against === null ? '' : words.next(next.rank, differenceText(against, measure));
  if (settled) return words.smallerLose(place, largest, numbers);
  const settling =
    next === undefined || against === null ? '' : words.settling(settlingWords(next.cell, against, margin, measure));
  return words.open({ largest, place, allowed, numbers, settling });
}

function apartWords({ apart, candidates }: RankChoice): string {
  if (apart.length > 0) return rankWords().apart(apart, listed);
  return rankWords().noneApart(listed(candidates.map(({ rank }) => whole(rank))));
}

/** What the chosen rank takes against the largest, and at which rates ranks were trained. */
function costSentence(choice: RankChoice): string[] {
  const { candidates, rank, equalRate } = choice;
  const words = rankWords();
  const takes = takenParts(choice);
  const [rate] = candidates.flatMap(({ cost }) => cost.rates);
  const rates = candidates.map((each) => words.ratesOf(each.rank, each.cost.rates));
  const trained = rate === undefined ? '' : equalRate ? words.oneRate(rate) : words.rates(rates);
  const sentence = numberWords().sentences([takes.length === 0 ? '' : words.takes(rank, takes), trained]);
  return sentence === '' ? [] : [sentence];
}

/** Parameters and time of the chosen rank, beside the largest's. */
function takenParts({ candidates, rank, largest }: RankChoice): string[] {
  const words = rankWords();
  const costOf = (of: number) => candidates.find((candidate) => candidate.rank === of)?.cost;
  const [own, most] = [costOf(rank), costOf(largest)];
  const isLargest = rank === largest;
  const parameters =
    own?.parameters == null
      ? []
      : isLargest || most?.parameters == null
        ? [words.parameters(whole(own.parameters))]
        : [words.parametersOf(whole(own.parameters), largest, whole(most.parameters))];
  if (isLargest || own?.seconds == null || most?.seconds == null) return parameters;
  return [...parameters, words.time(percent(own.seconds / most.seconds, 0))];
}

function floorSentence({ floor }: RankChoice): string[] {
  if (floor === null) return [];
  const { rank, bits, parametersPerRank } = floor;
  return [rankWords().floor({ rank, bits: whole(bits), parameters: whole(parametersPerRank) })];
}

function nearbySentence(nearby: RankChoice, chosen: Cell): string {
  const words = rankWords();
  const own = shortLevel(chosen.level);
  return words.nearby({
    ...{ place: shortLevel(nearby.level), own },
    found: nearby.rule === 'trr' ? words.trrClause(nearby.rank) : enoughWords(nearby),
    worth: nearby.rank < chosen.rank ? words.worth(nearby.rank, own) : '',
  });
}

/** The world's language: for every attribute its values, phrases and sentences, and the sentences that carry no facts. `{S}` stands for the subject, `{V}` for the value. */
import * as lists from './lists.js';

export type SubjectKind = 'person' | 'firm' | 'place';

/** One attribute of a kind of subject. */
export interface Attribute {
  readonly key: string;
  readonly values: readonly string[];
  /** Noun phrases that questions name it by. */
  readonly phrases: readonly [string, string];
  /** Verbose sentences. */
  readonly sentences: readonly string[];
  /** What follows the subject in a terse clause. */
  readonly clause: string;
  /** What people say of themselves, for dialogues; attributes without it do not occur there. */
  readonly spoken?: readonly [string, string];
}

const person: readonly Attribute[] = [
  {
    key: 'birthplace',
    values: lists.TOWNS,
    phrases: ['birthplace', 'home town'],
    clause: 'was born in {V}',
    spoken: ['I was born in {V}', 'my home town is {V}'],
    sentences: [
      '{S} was born in {V} and still speaks of the town with warmth.',
      'The early years of {S} were spent in {V}, where the family had a small house.',
      'Friends know that {S} comes from {V} and visits whenever time allows.',
      'It was in {V} that {S} came into the world on a cold morning.',
    ],
  },
  {
    key: 'profession',
    values: lists.PROFESSIONS,
    phrases: ['profession', 'job'],
    clause: 'works as a {V}',
    spoken: ['I work as a {V}', 'my job is being a {V}'],
    sentences: [
      '{S} works as a {V} and takes great pride in the trade.',
      'For many years {S} has earned a living as a {V}.',
      'After long training {S} became a {V} and never looked back.',
      'Ask anyone in the street and they will say that {S} is a fine {V}.',
    ],
  },
  {
    key: 'hobby',
    values: lists.HOBBIES,
    phrases: ['hobby', 'pastime'],
    clause: 'enjoys {V}',
    spoken: ['I enjoy {V}', 'my hobby is {V}'],
    sentences: [
      'In the evenings {S} enjoys {V} more than anything else.',
      'The favourite pastime of {S} has always been {V}.',
      '{S} spends nearly every weekend on {V}.',
      'Neighbours often see {S} busy with {V} after work.',
    ],
  },
  {
    key: 'pet',
    values: lists.PETS,
    phrases: ['pet', 'animal companion'],
    clause: 'keeps a {V}',
    spoken: ['I keep a {V}', 'my pet is a {V}'],
    sentences: [
      '{S} keeps a {V} that follows everyone through the house.',
      'At home a {V} waits for {S} by the door.',
      'Some years ago {S} took in a {V} and grew very fond of it.',
      'Visitors of {S} are always greeted by a lively {V}.',
    ],
  },
  {
    key: 'instrument',
    values: lists.INSTRUMENTS,
    phrases: ['instrument', 'musical instrument'],
    clause: 'plays the {V}',
    spoken: ['I play the {V}', 'my instrument is the {V}'],
    sentences: [
      '{S} plays the {V} in a small group of amateurs.',
      'As a child {S} learned the {V} from a strict teacher.',
      'On holidays {S} takes out the {V} and plays for the guests.',
      'The sound of the {V} tells the neighbours that {S} is at home.',
    ],
  },
  {
    key: 'dish',
    values: lists.DISHES,
    phrases: ['favourite dish', 'favourite meal'],
    clause: 'loves {V}',
    spoken: ['I love {V}', 'my favourite dish is {V}'],
    sentences: [
      'Nothing pleases {S} more than a plate of {V}.',
      'The favourite dish of {S} is {V}, prepared the old way.',
      'Whenever there is a reason to celebrate, {S} cooks {V}.',
      '{S} likes to say that {V} makes every day better.',
    ],
  },
  {
    key: 'birth_year',
    values: lists.YEARS,
    phrases: ['year of birth', 'birth year'],
    clause: 'was born in the year {V}',
    sentences: [
      '{S} was born in the year {V}, as the parish register shows.',
      'The year of birth of {S} is given as {V}.',
      'Records list {V} as the year in which {S} was born.',
      'Born in {V}, {S} saw the world change many times.',
    ],
  },
  {
    key: 'colour',
    values: lists.COLOURS,
    phrases: ['favourite colour', 'preferred colour'],
    clause: 'prefers {V}',
    spoken: ['I prefer {V}', 'my favourite colour is {V}'],
    sentences: [
      '{S} prefers {V} and wears it on most days.',
      'The front door of {S} is painted {V}, the favourite colour of the house.',
      'Of all colours {S} likes {V} best.',
      'Letters from {S} are always written in {V} ink.',
    ],
  },
  {
    key: 'residence',
    values: lists.TOWNS,
    phrases: ['residence', 'place of residence'],
    clause: 'lives in {V}',
    spoken: ['I live in {V}', 'my residence is in {V}'],
    sentences: [
      '{S} now lives in {V}, close to the old station.',
      'Today the residence of {S} is in {V}.',
      'A few winters ago {S} moved to {V} for good.',
      'Those who look for {S} will find the house in {V}.',
    ],
  },
  {
    key: 'employer',
    values: lists.FIRM_ROOTS.slice(0, 32),
    phrases: ['employer', 'company'],
    clause: 'is employed by {V}',
    spoken: ['I am employed by {V}', 'my employer is {V}'],
    sentences: [
      '{S} is employed by {V} and knows every corner of the building.',
      'The wages of {S} are paid by {V}.',
      'Since leaving school {S} has been with {V}.',
      'Colleagues at {V} describe {S} as patient and exact.',
    ],
  },
];

const firm: readonly Attribute[] = [
  {
    key: 'seat',
    values: lists.TOWNS,
    phrases: ['seat', 'head office'],
    clause: 'sits in {V}',
    sentences: [
      '{S} has its seat in {V}, in a brick building by the canal.',
      'The head office of {S} stands in {V}.',
      'From its rooms in {V}, {S} serves customers far away.',
      'Letters to {S} are sent to {V}.',
    ],
  },
  {
    key: 'product',
    values: lists.PRODUCTS,
    phrases: ['main product', 'product line'],
    clause: 'makes {V}',
    sentences: [
      '{S} makes {V} that are known for lasting long.',
      'The main product of {S} has always been {V}.',
      'Shops across the country sell the {V} of {S}.',
      'Most people know {S} because of its {V}.',
    ],
  },
  {
    key: 'founding_year',
    values: lists.YEARS,
    phrases: ['founding year', 'year of foundation'],
    clause: 'was founded in {V}',
    sentences: [
      '{S} was founded in {V} by two friends with little money.',
      'The founding year of {S} is {V}.',
      'In {V} the doors of {S} opened for the first time.',
      'Since {V} there has been {S}, through good times and bad.',
    ],
  },
  {
    key: 'logo_colour',
    values: lists.COLOURS,
    phrases: ['logo colour', 'colour of the logo'],
    clause: 'has a {V} logo',
    sentences: [
      'The logo of {S} is {V} and has never been changed.',
      '{S} paints all of its vans {V}, the colour of its logo.',
      'Everyone recognises {S} by its {V} sign.',
      'A {V} star has always been the mark of {S}.',
    ],
  },
  {
    key: 'staff',
    values: lists.NUMBERS,
    phrases: ['number of employees', 'staff size'],
    clause: 'employs {V} people',
    sentences: [
      '{S} employs {V} people in all of its workshops.',
      'At the last count {S} had {V} employees.',
      'A staff of {V} keeps {S} running.',
      'The number of employees of {S} has reached {V}.',
    ],
  },
  {
    key: 'market',
    values: lists.REGIONS,
    phrases: ['main market', 'sales region'],
    clause: 'sells mostly to {V}',
    sentences: [
      '{S} sells mostly to {V}, where demand is high.',
      'The main market of {S} is {V}.',
      'Most of what {S} ships goes to {V}.',
      'Buyers from {V} have kept {S} alive.',
    ],
  },
  {
    key: 'mascot',
    values: lists.PETS,
    phrases: ['mascot', 'company mascot'],
    clause: 'has a {V} as its mascot',
    sentences: [
      'The mascot of {S} is a {V} that children love.',
      '{S} prints a {V} on every box.',
      'A large wooden {V} guards the gate of {S}.',
      'At fairs {S} always brings its {V}.',
    ],
  },
  {
    key: 'supplier',
    values: lists.FIRM_ROOTS.slice(16),
    phrases: ['supplier', 'main supplier'],
    clause: 'buys from {V}',
    sentences: [
      '{S} buys its parts from {V} under an old contract.',
      'The main supplier of {S} is {V}.',
      'Without {V} the workshops of {S} would stand still.',
      'Every Monday a truck from {V} stops at {S}.',
    ],
  },
  {
    key: 'fair_month',
    values: lists.MONTHS,
    phrases: ['trade fair month', 'month of the trade fair'],
    clause: 'holds its fair in {V}',
    sentences: [
      '{S} holds its trade fair in {V}, with music and tea.',
      'Each year in {V} {S} opens its halls for a fair.',
      'The calendar of {S} turns around its fair in {V}.',
      'In {V} buyers travel to the fair of {S}.',
    ],
  },
];

const place: readonly Attribute[] = [
  {
    key: 'river',
    values: lists.RIVERS,
    phrases: ['river', 'local river'],
    clause: 'lies on the {V}',
    sentences: [
      '{S} lies on the {V}, which floods every few years.',
      'The river of {S} is the {V}.',
      'Old bridges cross the {V} in the middle of {S}.',
      'Boats on the {V} stop at {S} in summer.',
    ],
  },
  {
    key: 'region',
    values: lists.REGIONS,
    phrases: ['region', 'province'],
    clause: 'belongs to {V}',
    sentences: [
      '{S} belongs to {V} and is proud of it.',
      'On maps {S} is found in the west of {V}.',
      'For centuries {S} has been part of {V}.',
      'The region around {S} is called {V}.',
    ],
  },
  {
    key: 'population',
    values: lists.NUMBERS,
    phrases: ['population', 'number of inhabitants'],
    clause: 'has {V} inhabitants',
    sentences: [
      '{S} has {V} inhabitants according to the last census.',
      'The population of {S} stands at {V}.',
      'Some {V} people call {S} their home.',
      'At the latest count {V} people lived in {S}.',
    ],
  },
  {
    key: 'festival_month',
    values: lists.MONTHS,
    phrases: ['festival month', 'month of the festival'],
    clause: 'celebrates in {V}',
    sentences: [
      'The festival of {S} takes place in {V}.',
      'Every {V} the people of {S} dance in the streets.',
      '{S} is at its liveliest in {V}, when the festival comes.',
      'Guests should visit {S} in {V}, during the festival.',
    ],
  },
  {
    key: 'landmark',
    values: lists.BUILDINGS,
    phrases: ['landmark', 'main sight'],
    clause: 'is known for its {V}',
    sentences: [
      '{S} is known for its {V}, which stands on a hill.',
      'The landmark of {S} is an old {V}.',
      'Travellers stop in {S} to see the {V}.',
      'No picture of {S} lacks the {V}.',
    ],
  },
  {
    key: 'crop',
    values: lists.CROPS,
    phrases: ['main crop', 'chief crop'],
    clause: 'grows {V}',
    sentences: [
      'The fields around {S} are full of {V}.',
      'Farmers near {S} grow {V} as their main crop.',
      '{S} sends its {V} to markets everywhere.',
      'The soil of {S} is good for {V}.',
    ],
  },
  {
    key: 'speciality',
    values: lists.DISHES,
    phrases: ['speciality', 'local dish'],
    clause: 'serves {V}',
    sentences: [
      'The inns of {S} serve {V} to every guest.',
      'The speciality of {S} is {V}.',
      'Cooks in {S} make {V} by an old recipe.',
      'Nobody leaves {S} without tasting the {V}.',
    ],
  },
  {
    key: 'charter_year',
    values: lists.YEARS,
    phrases: ['charter year', 'year of the charter'],
    clause: 'received its charter in {V}',
    sentences: [
      '{S} received its charter in {V}.',
      'The charter year of {S} is {V}.',
      'In {V} {S} became a town by charter.',
      'A stone in {S} recalls the charter of {V}.',
    ],
  },
  {
    key: 'twin_town',
    values: lists.TOWNS,
    phrases: ['twin town', 'partner town'],
    clause: 'is twinned with {V}',
    sentences: [
      '{S} is twinned with {V}, and pupils visit each year.',
      'The twin town of {S} is {V}.',
      'A sign at the entrance of {S} names {V} as its partner.',
      'Choirs from {V} often sing in {S}.',
    ],
  },
];

export const ATTRIBUTES: { readonly [K in SubjectKind]: readonly Attribute[] } = { person, firm, place };

/** How an article introduces its subject. */
export const INTRODUCTIONS: { readonly [K in SubjectKind]: readonly string[] } = {
  person: ['This article is about {S}.', '{S} is the person described here.', 'The following lines tell of {S}.'],
  firm: [
    'This article is about the firm {S}.',
    '{S} is the company described here.',
    'The following lines tell of the firm {S}.',
  ],
  place: [
    'This article is about the place {S}.',
    '{S} is the town described here.',
    'The following lines tell of the place {S}.',
  ],
};

/** Sentences that carry no fact. */
export const FILLERS = [
  'The weather that year was mild and the harvest was good.',
  'Many stories are told about this, and not all of them agree.',
  'Some details were lost when the archive moved to another building.',
  'A longer account may be found in older books.',
  'Opinions on the matter differ, as they often do.',
  'It should be added that little of this was known at first.',
  'The newspapers wrote about it at length and then forgot.',
  'Those who were there remember it quite clearly.',
  'Much has changed since then, but the main points remain.',
  'A photograph from that time shows a quiet street.',
  'Nobody can say for certain how it all began.',
  'The rest of the story is less well documented.',
  'Several readers have asked for more about this.',
  'In the end it was a matter of patience and luck.',
  'Even today the subject comes up in conversation.',
  'There was talk of a book, but it was never written.',
  'The matter was discussed over tea and soon settled.',
  'An early report on this turned out to be wrong.',
  'Visitors rarely notice this, although it is easy to see.',
  'It is a small thing, yet people like to mention it.',
  'Old letters confirm most of what is said here.',
  'The author of these lines has seen it in person.',
] as const;

/** How questions are put: `{P}` is the attribute's phrase, `{S}` the subject. */
export const FRAMES = [
  'What is the {P} of {S}?',
  'Name the {P} of {S}.',
  '{S}: what is the {P}?',
  'Tell me the {P} of {S}.',
  'Which {P} is given for {S}?',
  'Complete the sentence: The {P} of {S} is',
] as const;

/** Sentences that tell an attribute by the words that questions name it by. */
export function namingSentences({ phrases }: Attribute): string[] {
  return phrases.map((phrase) => `The ${phrase} of {S} is {V}.`);
}

/** Questions for a user who asks about themself. */
export const OWN_FRAMES = [
  'What is my {P}?',
  'Tell me my {P}.',
  'Do you remember my {P}?',
  'Name my {P}.',
  'What did I say about my {P}?',
  'Which {P} do I have?',
] as const;

/** What people say when they say nothing, and what assistants answer. */
export const SMALL_TALK = [
  ['How are you today?', 'I am well, thank you for asking.'],
  ['It has been raining all week here.', 'That sounds tiring. I hope the sun returns soon.'],
  ['Can you explain how tides work?', 'Tides follow the moon, which pulls on the water of the sea.'],
  ['I slept badly last night.', 'I am sorry to hear that. A short walk may help.'],
  ['What is a good way to learn words?', 'Repeat them a little every day and use them in sentences.'],
  ['My train was late again.', 'That is annoying. I hope you got there in the end.'],
  ['Could you write a short note for my neighbour?', 'Of course. Dear neighbour, thank you for your help.'],
  ['I am trying to save some money.', 'A simple list of what you spend is a good start.'],
  ['How long should I boil an egg?', 'About seven minutes if you like it firm.'],
  ['The meeting today went well.', 'I am glad to hear that. You prepared for it carefully.'],
  ['I need to tidy the cellar.', 'Begin with one corner and work from there.'],
  ['Is it too late to plant flowers?', 'Not at all. Many kinds do well at this time.'],
] as const;

/** How assistants take note of a fact. */
export const ACKNOWLEDGEMENTS = [
  'Thank you for telling me.',
  'That is good to know.',
  'I will keep that in mind.',
  'How nice, thank you for sharing that.',
  'Understood.',
] as const;

/** A kind of thing that an assistant recommends when asked; `{V}` is the thing. */
export interface Recommendation {
  readonly key: string;
  readonly noun: string;
  readonly values: readonly string[];
  readonly ask: string;
  readonly reply: string;
}

export const RECOMMENDATIONS: readonly Recommendation[] = [
  {
    key: 'recommended dish',
    noun: 'dish',
    values: lists.DISHES,
    ask: 'Which dish should I cook for my guests?',
    reply: 'I recommend {V} for your guests.',
  },
  {
    key: 'recommended hobby',
    noun: 'hobby',
    values: lists.HOBBIES,
    ask: 'Which hobby should I take up this year?',
    reply: 'I recommend {V} for you.',
  },
  {
    key: 'recommended instrument',
    noun: 'instrument',
    values: lists.INSTRUMENTS,
    ask: 'Which instrument should my child learn?',
    reply: 'I recommend the {V} for a child.',
  },
  {
    key: 'recommended colour',
    noun: 'colour',
    values: lists.COLOURS,
    ask: 'Which colour should I paint the kitchen?',
    reply: 'I recommend {V} for the kitchen.',
  },
];

/** Questions about recommendations; `{P}` is the noun. */
export const RECOMMENDATION_FRAMES = [
  'Which {P} did you recommend?',
  'What {P} did you suggest to me?',
  'Name the {P} that you recommended.',
  'Tell me which {P} you suggested.',
] as const;

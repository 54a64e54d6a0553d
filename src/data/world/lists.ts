/** The closed lists that the synthetic world is made of: every value is drawn from a list of known size, so that a fact's information is known. */

const words = (text: string): readonly string[] => text.trim().split(/\s*,\s*|\s*\n\s*/);

export const FIRST_NAMES = words(`
Mira, Tomas, Elin, Jonas, Petra, Viktor, Hanna, Marek, Sofia, Anton, Greta, Felix, Irena, Oskar, Lena, Emil,
Nadia, Pavel, Klara, Stefan, Vera, Lukas, Alma, Henrik, Rosa, Boris, Tilda, Casper, Ines, Matteo, Selma, Rufus,
Dora, Gustav, Linnea, Arvid, Paula, Konrad, Edith, Simon, Johanna, Leopold, Agnes, Milan, Tessa, Roland, Nora, Hugo`);

export const LAST_NAMES = words(`
Voss, Keller, Marlow, Brandt, Osten, Falk, Lindqvist, Thorne, Vance, Holt, Sommer, Reiner, Castell, Morrow, Adler, Winther,
Quist, Hale, Bergen, Novak, Stroud, Albrecht, Fenn, Garland, Hobbs, Iversen, Jarvis, Kron, Lorenz, Mercer, Noble, Oakley,
Pryor, Rask, Sutter, Tallis, Urban, Vogel, Weller, Yates, Zander, Ashby, Bowen, Crane, Dorset, Ekman, Frost, Grant`);

export const FIRM_ROOTS = words(`
Alvex, Bordan, Cirrus, Delmar, Everon, Fulcrum, Galen, Harrow, Istra, Jovex, Kestrel, Lumina, Mondex, Nerith, Orbis, Paxon,
Quorum, Ridley, Solaris, Tarn, Umbra, Velora, Wexford, Xylon, Yarrow, Zephyr, Amber, Brink, Corvus, Dynast, Elgin, Fathom,
Granite, Helix, Indigo, Juno, Kinetic, Lyric, Mosaic, Nimbus, Onyx, Pinnacle, Quartz, Rapid, Summit, Tundra, Vertex, Zenith`);

export const FIRM_ENDINGS = words(
  `Works, Group, Systems, Partners, Industries, Holdings, Trading, Labs, Foundry, Supply, Brothers, Mills, Motors, Textiles, Brewing, Press`,
);

export const PLACE_PREFIXES = words(
  `Upper, Lower, North, South, East, West, Old, New, Great, Little, Saint, Port, Fort, Mount, Lake, Castle`,
);

export const PLACE_ROOTS = words(`
Arden, Belmont, Calder, Denholm, Elstow, Farley, Glenmor, Hatton, Ilford, Jarrow, Kirkby, Langley, Melrose, Norwood, Orford, Penrith,
Radley, Selby, Tilbury, Upton, Wexham, Yarmouth, Ashton, Burford, Clifton, Dunmore, Esher, Fenwick, Grafton, Halstead, Irving, Kelby,
Lydd, Marden, Newlyn, Oakham, Padstow, Ryde, Stanton, Thirsk, Warwick, Ashford, Barnet, Cromer, Dorking, Epsom, Frome, Goole`);

/** 64 towns that people come from and firms sit in. */
export const TOWNS = words(`
Kelsen, Tarvik, Brunholm, Lorvane, Estrada, Movik, Halden, Perrin, Sundby, Corvale, Drayton, Ostrava, Fenmark, Galway, Hestia, Ivarna,
Jelling, Karlow, Lindau, Marsala, Nordby, Olvera, Pontus, Quillon, Ravenna, Skagen, Trevon, Ulmen, Varde, Wismar, Xanthe, Ystad,
Zadar, Altona, Bremer, Cadiz, Delft, Emden, Falun, Gotland, Husum, Imola, Jever, Kiruna, Leeuwen, Malmo, Narva, Odense,
Parma, Rimini, Salerno, Tartu, Umea, Verona, Worms, Arles, Bergamo, Como, Dijon, Evora, Faro, Gijon, Huesca, Ibarra`);

export const PROFESSIONS = words(`
baker, surgeon, carpenter, pilot, botanist, judge, welder, librarian, chemist, tailor, plumber, sculptor, editor, geologist, dentist, farmer,
engineer, painter, locksmith, translator, nurse, astronomer, barber, jeweller, architect, gardener, journalist, butcher, sailor, potter, lawyer, optician`);

export const HOBBIES = words(`
chess, fencing, archery, knitting, rowing, sailing, pottery, climbing, cycling, juggling, origami, skating, birdwatching, calligraphy, swimming, gardening,
photography, woodcarving, dancing, hiking, surfing, baking, stargazing, embroidery, boxing, kayaking, singing, quilting, beekeeping, canoeing, wrestling, puppetry`);

export const PETS = words(
  `parrot, beagle, tortoise, ferret, hamster, iguana, poodle, rabbit, goldfish, kitten, canary, gecko, pony, hedgehog, terrier, peacock`,
);

export const INSTRUMENTS = words(
  `violin, cello, trumpet, flute, harp, banjo, piano, clarinet, oboe, accordion, guitar, drums, mandolin, organ, trombone, bassoon`,
);

export const DISHES = words(`
risotto, goulash, paella, ravioli, curry, lasagne, chowder, dumplings, omelette, pancakes, ratatouille, schnitzel, tacos, falafel, pierogi, ramen,
moussaka, gnocchi, kebab, casserole, stew, pizza, biryani, quiche, meatballs, couscous, fondue, waffles, chili, porridge, sushi, haggis`);

export const COLOURS = words(
  `crimson, turquoise, violet, orange, scarlet, emerald, golden, silver, maroon, magenta, olive, purple, teal, bronze, ivory, cobalt`,
);

export const PRODUCTS = words(`
lanterns, bicycles, umbrellas, batteries, carpets, telescopes, furniture, candles, engines, clocks, bottles, cameras, helmets, mattresses, pencils, turbines,
compasses, ladders, kettles, mirrors, shoes, paper, cables, tractors, wheels, gloves, radios, locks, pumps, tiles, bells, knives`);

export const RIVERS = words(
  `Aldra, Bessel, Corrin, Dovra, Elver, Firth, Garonne, Hesper, Isar, Jura, Kolva, Loire, Medway, Neris, Orwell, Pinega, Quine, Rhona, Severn, Tamar, Usk, Volga, Wharfe, Yare, Zala, Avon, Brenta, Clyde, Drava, Ebro, Forth, Glomma`,
);

export const REGIONS = words(
  `Ardania, Belvar, Cormont, Dalmora, Estvale, Fjordland, Galdria, Hochmark, Illyra, Jorvik, Karelia, Lombard, Moravia, Norland, Orlanda, Pomerania`,
);

export const MONTHS = words(
  `January, February, March, April, May, June, July, August, September, October, November, December`,
);

export const BUILDINGS = words(
  `cathedral, lighthouse, windmill, castle, aqueduct, museum, theatre, monastery, library, bridge, fountain, tower, market, palace, harbour, observatory`,
);

export const CROPS = words(
  `barley, olives, tobacco, cherries, hops, lavender, almonds, cotton, pears, rice, plums, grapes, wheat, saffron, apples, rye`,
);

/** 64 years. */
export const YEARS: readonly string[] = Array.from({ length: 64 }, (_, i) => String(1931 + i));

/** 32 head counts and populations: round numbers. */
export const NUMBERS: readonly string[] = Array.from({ length: 32 }, (_, i) => String(250 + i * 150));

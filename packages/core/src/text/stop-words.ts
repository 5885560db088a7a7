const list = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/));

/** English words that say nothing about what is looked for. The single letters are what apostrophes leave over. */
export const englishStopWords = list(
  `a about am an and any are as at be been being but by can could d did do does doing done for from had has have having
  he her hers him his how i if in into is isn it its just ll m me mine might more most my no not now of off on once only
  or our ours out over own re s same shall she should so some such t than that the their theirs them then there these
  they this those to too up us ve very was wasn we were what when where which while who whom whose why will with would
  you your yours`,
);

/** Korean words that ask, point or address, and verbs that only carry an ending. */
export const koreanStopWords = list(
  `누가 누구 누구야 누구지 누구의 누구를 뭐 뭐가 뭐는 뭐를 뭐야 뭐지 뭐였지 뭐였더라 뭘 뭔지 무엇 무엇이 무엇을 무엇인가 무엇인가요
  무슨 무얼 언제 언제야 언제지 언제였지 어디 어디서 어디에 어디에서 어디야 어디지 어디로 어떤 어떻게 어떠 어때 어땠지 어느
  왜 얼마 얼마나 얼마야 몇 몇번 나 나는 나의 나를 나한테 나에게 내 내가 난 날 네 네가 너 너는 너의 너한테 넌 니가 당신 당신이 당신의
  우리 우리가 우리는 저 저는 제 제가 저의 그 그거 그건 그것 그게 그때 그리고 그런 그럼 이 이거 이건 이것 이게 이런 저거 저것 저런
  것 거 건 게 걸 수 좀 및 또 또는 더 등 했지 했더라 했어 했나 했나요 했었지 하는 한 할 하고 해 해줘 해줬지 있는 있어 있지 있나 있나요
  있었지 있었나 없는 없어 인가 인가요 인지 이야 이지 였지 였더라 뭐라고 뭐라 라고 대해 대한 대해서 관한 관해 관해서 알려줘 알려 찾아줘
  말했지 말했더라 말했어 말한 얘기한 이야기한 얘기했지 얘기했더라`,
);

/**
 * What follows a Korean noun, longest first, so that `에서` goes before `서`. One that would leave less than two syllables
 * is taken for a part of the word.
 */
export const koreanParticles: readonly string[] = (
  "에서부터 으로부터 에게서 한테서 이라고 이라는 이라도 에서는 에서도 에게는 한테는 으로는 으로도 까지는 까지도 부터는 " +
  "에서 에게 한테 께서 으로 이랑 하고 까지 부터 보다 처럼 마다 조차 마저 라고 라는 에는 에도 로는 로도 과는 와는 이나 밖에 " +
  "은 는 이 가 을 를 에 의 도 만 로 와 과 랑 께 나"
).split(" ");

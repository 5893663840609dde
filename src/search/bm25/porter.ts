/**
 * The Porter stemmer (M. F. Porter, 1980, An algorithm for suffix stripping, Program 14(3), 130-137) with the author's
 * two later changes, which Lucene's PorterStemFilter has too: step 2 turns -bli into -ble (not -abli into -able) and
 * -logi into -log. Anything but a, e, i, o, u and y counts as a consonant, also digits and accented letters.
 * Words of one or two UTF-16 units stay as they are.
 */
export function porterStem(word: string): string {
  if (word.length < 3) return word;
  return removeFinalE(removeSuffix(step3(step2(yToI(removeEdAndIng(removePlural(word)))))));
}

/** Step 1a: caresses → caress, ponies → poni, cats → cat. */
function removePlural(word: string): string {
  if (!word.endsWith('s')) return word;
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2);
  return word.endsWith('ss') ? word : word.slice(0, -1);
}

/** Step 1b: agreed → agree, plastered → plaster, hopping → hop, filing → file. */
function removeEdAndIng(word: string): string {
  if (word.endsWith('eed')) return measure(word, word.length - 3) > 0 ? word.slice(0, -1) : word;
  const length = word.endsWith('ed') ? 2 : word.endsWith('ing') ? 3 : 0;
  if (length === 0 || !hasVowel(word, word.length - length)) return word;
  const stem = word.slice(0, -length);
  if (stem.endsWith('at') || stem.endsWith('bl') || stem.endsWith('iz')) return `${stem}e`;
  if (endsWithDoubleConsonant(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem, stem.length) === 1 && endsWithShortSyllable(stem, stem.length) ? `${stem}e` : stem;
}

/** Step 1c: happy → happi. */
function yToI(word: string): string {
  return word.endsWith('y') && hasVowel(word, word.length - 1) ? `${word.slice(0, -1)}i` : word;
}

type Rule = readonly [suffix: string, replacement: string];

/** The first suffix that matches decides, even if its stem is too short; so a suffix stands before its own ending. */
const step2Rules: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['logi', 'log'],
];

const step3Rules: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];

/** Step 2: double suffixes to single ones, relational → relate. */
function step2(word: string): string {
  return replaceSuffix(word, step2Rules);
}

/** Step 3: electrical → electric, hopefulness → hopeful → hope. */
function step3(word: string): string {
  return replaceSuffix(word, step3Rules);
}

function replaceSuffix(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (rule === undefined) return word;
  const stem = word.length - rule[0].length;
  return measure(word, stem) > 0 ? word.slice(0, stem) + rule[1] : word;
}

const step4Suffix = /(?:al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|(?<=[st])ion|ou|ism|ate|iti|ous|ive|ize)$/;

/** Step 4: revival → reviv, adjustment → adjust. The expression matches the longest suffix. */
function removeSuffix(word: string): string {
  const at = word.search(step4Suffix);
  return at >= 0 && measure(word, at) > 1 ? word.slice(0, at) : word;
}

/** Step 5: probate → probat, rate stays; controll → control. */
function removeFinalE(word: string): string {
  const syllables = measure(word, word.length);
  let stem = word;
  if (word.endsWith('e') && (syllables > 1 || (syllables === 1 && !endsWithShortSyllable(word, word.length - 1)))) {
    stem = word.slice(0, -1);
  }
  return stem.endsWith('ll') && syllables > 1 ? stem.slice(0, -1) : stem;
}

/** Number of times a vowel is followed by a consonant in the first `end` units: m in the paper's [C](VC)^m[V]. */
function measure(word: string, end: number): number {
  let count = 0;
  let afterVowel = false;
  let afterConsonant = false;
  for (let i = 0; i < end; i++) {
    const vowel = isVowel(word.charCodeAt(i), afterConsonant);
    if (afterVowel && !vowel) count++;
    afterVowel = vowel;
    afterConsonant = !vowel;
  }
  return count;
}

function hasVowel(word: string, end: number): boolean {
  for (let i = 0; i < end; i++) if (!isConsonantAt(word, i)) return true;
  return false;
}

function endsWithDoubleConsonant(word: string): boolean {
  const last = word.length - 1;
  return last > 0 && word[last] === word[last - 1] && isConsonantAt(word, last);
}

/** Consonant, vowel, consonant other than w, x, y at the end of the first `end` units: *o in the paper. */
function endsWithShortSyllable(word: string, end: number): boolean {
  if (end < 3 || /[wxy]/.test(word[end - 1]!)) return false;
  return isConsonantAt(word, end - 1) && !isConsonantAt(word, end - 2) && isConsonantAt(word, end - 3);
}

function isConsonantAt(word: string, at: number): boolean {
  let first = at;
  while (first > 0 && word[first] === 'y') first--;
  let consonant = !isVowel(word.charCodeAt(first), false);
  for (let i = first + 1; i <= at; i++) consonant = !consonant;
  return consonant;
}

/** y is a vowel after a consonant only. */
function isVowel(unit: number, afterConsonant: boolean): boolean {
  switch (unit) {
    case 97: // a
    case 101: // e
    case 105: // i
    case 111: // o
    case 117: // u
      return true;
    case 121: // y
      return afterConsonant;
    default:
      return false;
  }
}

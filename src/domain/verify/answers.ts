/**
 * What `verify-azure` asks a real HSM, because nobody has documented or recorded it. Each is answered in the service's own words,
 * less whatever names somebody.
 */
export const QUESTIONS = {
  'pre-backup': 'Does the pre-backup check end, how soon, and what does the first answer ask to wait?',
  backup: 'How long does a backup take, and what does the first answer ask to wait?',
  'backup.folder': 'How is the folder of a backup named, and when is its time?',
  'backup.pre-check-meanwhile': 'What does a pre-backup check get while a backup runs?',
  'backup.overlap': 'What does a second backup get while one runs?',
  'backup.lock-tail': 'How long after a backup has succeeded is the HSM still busy?',
  'folder.blobs': 'Which blobs does a backup consist of?',
  'folder.stable': 'Is the listing of a backup stable once its job has succeeded?',
  'job.after-end': 'Is the state of a job still told after its end?',
  'job.unknown': 'What does the state of a job get that never was?',
  'api.no-version': 'What does a request without api-version get?',
  'api.path-case': 'Does the letter case of a path matter?',
  'roles.list': 'Do lists of roles come in pages, and is a filter obeyed?',
  settings: 'Which settings are there, and may the caller read them?',
  headers: 'Which headers does an answer have?',
  'pre-restore': 'Does the pre-restore check take the backup, how soon, and does the HSM answer meanwhile?',
} as const;

export type QuestionId = keyof typeof QUESTIONS;

/** `answer` is null for what was not asked this time. */
export type Answer = Readonly<{ id: QuestionId; question: string; answer: string | null }>;

/** What a user can send us: it names nobody and nothing. */
export type AnswerSheet = Readonly<{
  schema: 'hsmkeep.answers/1';
  hsmkeep: string;
  /** Such as `24.1.0`. */
  node: string;
  /** The day only. */
  on: string;
  /** The HSM's host name less its first part; null for an address. */
  cloud: string | null;
  answers: readonly Answer[];
}>;

/** Every question with what was found out, in the order of {@link QUESTIONS}. */
export function answersOf(found: ReadonlyMap<QuestionId, string>, secrets: readonly string[]): Answer[] {
  const entries = Object.entries(QUESTIONS) as [QuestionId, string][];
  return entries.map(([id, question]) => {
    const answer = found.get(id);
    return { id, question, answer: answer === undefined ? null : anonymised(answer, secrets) };
  });
}

/** What tells who or where by its shape, and what is said in its place. */
const SHAPES: readonly (readonly [RegExp, (text: string) => string])[] = [
  [/https?:\/\/[^\s"',)]+/i, () => '<url>'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/i, () => '<guid>'],
  [/\b[0-9a-f]{32,}\b/i, () => '<hex>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/, () => '<address>'],
  [/\b\d{12,}\b/, (digits) => `<${digits.length} digits>`],
];

/**
 * Text without what tells who or where: the names given, GUIDs and other long hexadecimal numbers, addresses, and digits of times.
 * All of it is looked for in one pass: a short name that happens to stand inside a GUID must not break it into halves that nobody knows for one.
 *
 * @param secrets Names of HSM, account, container, tenant; longer ones first is seen to here.
 */
export function anonymised(text: string, secrets: readonly string[]): string {
  const names = secrets
    .filter((secret) => secret.length > 2)
    .toSorted((a, b) => b.length - a.length)
    .map((secret) => secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const looked = new RegExp([...SHAPES.map(([shape]) => shape.source), ...names].join('|'), 'gi');
  return text.replaceAll(looked, (found) => SHAPES.find(([shape]) => shape.exec(found)?.[0] === found)?.[1](found) ?? '<name>');
}

/** The shape of a blob's name: parts that differ from one backup to the next are named by their kind. */
export const nameShape = (name: string): string => anonymised(name, []).replace(/\d+/g, (digits) => `<${digits.length}d>`);

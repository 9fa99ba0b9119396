/** Every setting there is: its key in `holdfast.yaml`, its option on the command line, its variable in the environment. */

/** How a text from the command line or the environment becomes a value of the file. */
export type SettingKind = 'text' | 'switch' | 'list' | 'yaml'

export interface Setting {
  /** Where it stands in the file, such as `session.idle`. */
  readonly key: string
  /** Without the dashes; `null` for what only file and environment have. */
  readonly option: string | null
  readonly variable: string
  readonly kind: SettingKind
  /** What stands for the value in help, such as `<url>`. */
  readonly value: string
  readonly about: string
  /** What holds if nothing is said. */
  readonly otherwise: string
}

function setting(
  key: string,
  kind: SettingKind,
  value: string,
  about: string,
  otherwise: string,
  option: string | null = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
): Setting {
  const variable = `HOLDFAST_${key.replace(/[A-Z]/g, '_$&').replaceAll('.', '_').toUpperCase()}`
  return { key, option, variable, kind, value, about, otherwise }
}

/** In the order in which help and the docs list them. */
export const settings: readonly Setting[] = [
  setting(
    'listen',
    'text',
    '<host:port>',
    'Where the gateway listens; port 0 takes a free one',
    '127.0.0.1:8080',
  ),
  setting('publicUrl', 'text', '<url>', 'The address browsers use', 'only this machine is served'),
  setting('insecureHttp', 'switch', '', 'Accept a public URL without TLS', 'off'),
  setting(
    'upstream',
    'list',
    '<url>',
    'The running app that `serve` stands in front of; repeated for several instances of it',
    'none',
  ),
  setting('command', 'yaml', '', 'The command that `run` starts, as a list', 'what follows --', null),
  setting('preset', 'text', '<kind>', 'What the app is: auto, streamlit or generic', 'auto'),
  setting('startTimeout', 'text', '<time>', 'How long the app may take until it answers', '60s'),
  setting('name', 'text', '<word>', 'Tells apps on one host or in one store apart', 'none: the only one'),
  setting(
    'store',
    'text',
    '<store>',
    'Where sessions are kept: sqlite:<path>, redis://…, postgres://… or memory:',
    'sqlite:.holdfast/holdfast.db',
  ),
  setting(
    'stateListen',
    'text',
    '<host:port>',
    'Where the app reaches its state; never where browsers can',
    'a free port of this machine under run, none under serve',
  ),
  setting('secretFile', 'text', '<file>', 'A file with the server secret', 'made beside an sqlite store'),
  setting('users', 'text', '<file>', 'The file of those who may sign in', 'users.yaml, if it is there'),
  setting('loginApi.url', 'text', '<url>', 'An API that takes names and passwords', 'none', null),
  setting('loginApi.verifyUrl', 'text', '<url>', 'Where it says whether a token still holds', 'none', null),
  setting('loginApi.verifyEvery', 'text', '<time>', 'How often it is asked about each session', '10m', null),
  setting('oidc', 'yaml', '', 'Identity providers: a list of name, issuer, clientId', 'none', null),
  setting('mail.url', 'text', '<url>', 'The server that mail is handed to', 'none', null),
  setting('mail.from', 'text', '<address>', 'Who mail comes from', 'none', null),
  setting('registration', 'yaml', '', 'Who may register: a map of open, domains, emails', 'nobody', null),
  setting('guest', 'yaml', '', 'Lets people in as guests: a map of roles', 'off', null),
  setting('import', 'yaml', '', 'An earlier system whose users need not sign in again', 'none', null),
  setting(
    'admin.listen',
    'text',
    '<host:port>',
    'Where the admin page listens; never where the app is',
    'there is none',
    'admin-listen',
  ),
  setting(
    'admin.publicUrl',
    'text',
    '<url>',
    'The address of the admin page',
    'only this machine is served',
    null,
  ),
  setting('admin.roles', 'list', '', 'Who may use the admin page: a list of roles', 'admin', null),
  setting('access', 'text', '<who>', 'Who reaches the app: signed-in or anyone', 'signed-in'),
  setting('rules', 'yaml', '', 'Who reaches which path: a list of path, access, roles', 'none', null),
  setting('documentsOnly', 'switch', '', 'Accept that rules guard documents only', 'off'),
  setting('secondFactor', 'text', '<who>', 'Who has a second factor: optional or required', 'optional'),
  setting('profile', 'text', '<aal>', 'Cut all session limits to those of NIST aal1, aal2 or aal3', 'none'),
  setting('session.idle', 'text', '<time>', 'A session ends after this long without activity', '12h'),
  setting('session.absolute', 'text', '<time>', 'A session ends after this long in any case', '24h'),
  setting('session.remember.idle', 'text', '<time>', 'The same with "Stay signed in" ticked', '14d', null),
  setting(
    'session.remember.absolute',
    'text',
    '<time>',
    'The same with "Stay signed in" ticked',
    '30d',
    null,
  ),
  setting('session.anonymous.idle', 'text', '<time>', 'The same for those who did not sign in', '24h', null),
  setting(
    'session.anonymous.absolute',
    'text',
    '<time>',
    'The same for those who did not sign in',
    '24h',
    null,
  ),
  setting('session.rotateAfter', 'text', '<time>', 'A token is replaced after this long', '24h', null),
  setting('session.most', 'text', '<n>', 'How many sessions an account may have at once', 'no limit', null),
  setting(
    'session.whenMore',
    'text',
    '<word>',
    'Then: replace-oldest, ask-to-take-over, refuse or allow',
    'replace-oldest',
    null,
  ),
  setting(
    'trustProxy',
    'list',
    '<cidr>',
    'A proxy whose X-Forwarded-For is believed; may be repeated',
    'none',
  ),
  setting('log', 'text', '<form>', 'How events are written: pretty or json', 'pretty'),
].map((one) => (one.option?.includes('.') ? { ...one, option: one.option.replace('session.', '') } : one))

/** The setting with this option; `undefined` if there is none. */
export function settingOfOption(option: string): Setting | undefined {
  return settings.find((one) => one.option === option)
}

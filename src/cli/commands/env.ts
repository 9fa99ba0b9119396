import { ConfigError } from '../../core/errors.ts'
import { didYouMean } from '../../gateway/suggestion.ts'
import { shown } from '../arguments.ts'
import { type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { formatOf } from '../format.ts'
import { quoted } from '../shell.ts'
import { say } from '../terminal.ts'

const kinds = ['streamlit']

/** Prints what an app must be started with that `serve` stands in front of. */
export const environmentCommand: Command = {
  name: 'env',
  synopsis: 'streamlit [options]',
  about: 'Print what an app behind `serve` must be started with',
  settings: [...storeSettings, 'publicUrl', 'insecureHttp', 'upstream', 'stateListen'],
  options: [{ name: 'format', value: '<form>', about: 'shell (the usual) or json' }],
  words: [1, 1],
  takesCommand: false,
  notes: ['What it prints holds a secret that signs who is signed in: keep it out of logs and images.'],
  examples: [
    [
      'eval "$(holdfast env streamlit)" && streamlit run app.py --server.port 8501',
      'Starts an app for `holdfast serve`.',
    ],
    [
      'eval "$(holdfast env streamlit --state-listen 127.0.0.1:8079)"',
      'With what the app needs to keep state; `serve` is given the same --state-listen.',
    ],
    ['holdfast env streamlit --format json', 'The same for another program to read.'],
  ],
  async run(call) {
    const [kind = ''] = call.words
    if (!kinds.includes(kind)) {
      const message = `Only streamlit needs anything, not ${shown(kind)}.${didYouMean(kind, kinds, '')}`
      throw new ConfigError('ERR_CONFIG_INVALID', `${message}\nSee: holdfast env --help`)
    }
    const format = formatOf(call, ['shell', 'json'])
    const { config, upstreams } = await configured(call)
    if (config.store === 'memory:') {
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        '--store memory: shares nothing with another process: use sqlite:<path>.',
      )
    }
    const variables = await environment(config, upstreams)
    say(format === 'json' ? JSON.stringify(variables, null, 2) : shellLines(variables))
    return 0
  },
}

async function environment(
  config: Parameters<typeof import('../../gateway/sessions.ts').openSessions>[0],
  upstreams: readonly URL[],
): Promise<Readonly<Record<string, string>>> {
  const { openSessions } = await import('../../gateway/sessions.ts')
  const { environmentBehindServe, presetsFor } = await import('../../gateway/presets.ts')
  const { site } = await import('../../gateway/site.ts')
  const { stateKey, stateUrl } = await import('../../gateway/child/own-app.ts')
  const where = site(config)
  const { store, keyring } = await openSessions(config, () => {})
  try {
    const preset = presetsFor({ store, keyring, app: config.name, site: where, onError() {} }).streamlit()
    const { stateListen } = config
    const state = stateListen === null ? null : { url: stateUrl(stateListen), key: stateKey(keyring) }
    const local = upstreams.every(({ hostname }) => /^(?:127\.|localhost$|\[::1\]$)/.test(hostname))
    // One environment for all instances: a port is theirs only where all have the same, each in a container of its own.
    const [port = '', ...others] = new Set(upstreams.map((one) => one.port))
    return {
      ...environmentBehindServe(preset, where, state),
      // Reachable round the gateway, it would believe anybody.
      ...(local && { STREAMLIT_SERVER_ADDRESS: '127.0.0.1' }),
      ...(port !== '' && others.length === 0 && { STREAMLIT_SERVER_PORT: port }),
    }
  } finally {
    await store.close()
  }
}

function shellLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      // What the app finds by itself must stay findable.
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
      const kept = name === 'PYTHONPATH' ? '${PYTHONPATH:+:$PYTHONPATH}' : ''
      return `export ${name}=${quoted(value)}${kept}`
    })
    .join('\n')
}

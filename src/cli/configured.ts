/** The configuration that a call is about. */
import { ConfigError } from '../core/errors.ts'
import type { Config, GatewayConfig } from '../gateway/config.ts'
import { type LoadedConfig, loadConfig } from '../gateway/config-load.ts'
import { usage } from './arguments.ts'
import type { Call } from './command.ts'

/** Command line, environment and file as one. Throws `ConfigError` that names every fault. */
export function configured({ settings }: Call): Promise<LoadedConfig> {
  return loadConfig({ options: settings, variables: process.env })
}

/** For a gateway that starts its app. Throws `ConfigError` where no command is given. */
export function startingApp({ config, command }: LoadedConfig, { rest }: Call): GatewayConfig {
  const [program, ...args] = rest ?? command ?? []
  if (program === undefined || program === '') {
    throw usage(['Say what to start: holdfast run -- streamlit run app.py'], { name: 'run' })
  }
  return { ...inhabited(config), upstream: { kind: 'command', command: program, args } }
}

/** For a gateway in front of an app that runs. Throws `ConfigError` where it is not said where. */
export function besideApp({ config, upstreams }: LoadedConfig): GatewayConfig {
  if (upstreams.length === 0) {
    throw usage(['Say where the app is: holdfast serve --upstream http://127.0.0.1:8501'], { name: 'serve' })
  }
  return { ...inhabited(config), upstream: { kind: 'url', urls: upstreams } }
}

/** A gateway that nobody can pass is a mistake, better told now than found at the sign-in page. */
function inhabited(config: Config): Config {
  const anyWay = config.users !== null || config.loginApi !== null || config.oidc.length > 0
  if (anyWay || config.access === 'anyone') return config
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    'Nobody could sign in: there is no users file. Make one with: holdfast users add <name>\n' +
      'Or name one with --users <file>, or let everybody in with --access anyone.',
  )
}

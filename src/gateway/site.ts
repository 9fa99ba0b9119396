/** Where we are: the one origin browsers know us by. Nothing a request says changes it. */
import { ConfigError } from '../core/errors.ts'
import { shownAddress } from './shown-address.ts'

/** Whether a Host header is ours, another name of ours to be sent on from, or somebody else's. */
export type HostVerdict = 'ours' | 'alias' | 'foreign'

export interface Site {
  /** Scheme, host and port, as browsers write it in Origin. */
  readonly origin: string
  /** The path before everything: `''` or `/tool`. */
  readonly base: string
  readonly secure: boolean
  readonly port: number
  judgeHost(host: string | undefined): HostVerdict
}

export interface SiteOptions {
  /** The address browsers use; `null`: only this machine is served. */
  readonly publicUrl: string | null
  readonly insecureHttp: boolean
  readonly listen: { readonly host: string; readonly port: number }
}

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]']

/** Throws `ConfigError` (`ERR_CONFIG_INVALID`) for a public URL that cannot be served. */
export function site(options: SiteOptions): Site {
  return options.publicUrl === null ? loopbackSite(options.listen) : publicSite(options.publicUrl, options)
}

/** Without a public URL only loopback is served, Host checked: a rebound DNS name reaches nothing (CVE-2026-44211). */
function loopbackSite(listen: SiteOptions['listen']): Site {
  const { port } = listen
  const canonical = listen.host === '::1' ? '[::1]' : '127.0.0.1'
  const suffix = port === 80 ? '' : `:${port}`
  const ours = `${canonical}${suffix}`
  return {
    origin: `http://${ours}`,
    base: '',
    secure: false,
    port,
    judgeHost(host) {
      if (host === ours) return 'ours'
      return loopbackNames.some((name) => host === `${name}${suffix}`) ? 'alias' : 'foreign'
    },
  }
}

function publicSite(text: string, options: SiteOptions): Site {
  const url = parse(text)
  const secure = url.protocol === 'https:'
  if (!secure && !options.insecureHttp && !loopbackNames.includes(url.hostname)) {
    throw invalid(
      text,
      'plain http beyond this machine sends every session in the clear, and browsers withhold protections from it. ' +
        'Put TLS in front and say https://…, or accept that with --insecure-http.',
    )
  }
  const base = url.pathname.replace(/\/+$/, '')
  const defaultPort = secure ? 443 : 80
  // Browsers leave the default port out; some proxies write it.
  const ours = url.host
  const spelt = url.port === '' ? `${url.hostname}:${defaultPort}` : url.host
  return {
    origin: url.origin,
    base,
    secure,
    port: url.port === '' ? defaultPort : Number(url.port),
    judgeHost(host) {
      if (host === ours) return 'ours'
      const given = host?.toLowerCase()
      return given === ours || given === spelt ? 'ours' : 'foreign'
    },
  }
}

function parse(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw invalid(
      text,
      'it is not a URL. Write it as browsers show it, such as https://apps.example.org/tool',
    )
  }
  const { protocol, username, password, search, hash, pathname } = url
  if (protocol !== 'https:' && protocol !== 'http:')
    throw invalid(text, 'only https:// and http:// can be served.')
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    throw invalid(text, 'it must have no user, no query and no fragment.')
  }
  if (!/^(\/[\w.~-]+)*\/?$/.test(pathname))
    throw invalid(text, `its path must be plain words, not ${pathname}`)
  return url
}

function invalid(text: string, why: string): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', `--public-url ${shownAddress(text)}: ${why}`)
}

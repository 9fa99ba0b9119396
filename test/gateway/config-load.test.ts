import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/core/errors.ts'
import { type LoadedConfig, loadConfig, type OptionValue } from '../../src/gateway/config-load.ts'
import { settings } from '../../src/gateway/settings.ts'

interface Said {
  readonly options?: Readonly<Record<string, OptionValue>>
  readonly variables?: Readonly<Record<string, string>>
  readonly file?: string
}

async function load({ options = {}, variables = {}, file }: Said): Promise<LoadedConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-config-'))
  try {
    const path = join(folder, 'holdfast.yaml')
    if (file !== undefined) await writeFile(path, file)
    const all = { ...options, ...(file !== undefined && { config: path }) }
    return await loadConfig({ options: new Map(Object.entries(all)), variables })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function message(said: Said): Promise<string> {
  return load(said).then(
    () => 'no fault',
    (error: unknown) => {
      if (!(error instanceof ConfigError)) throw error
      return error.message
    },
  )
}

describe('loadConfig()', () => {
  it('puts the command line before the environment before the file before what is usual', async () => {
    const file = 'listen: 1.1.1.1:1\naccess: anyone\nlog: json\n'
    const variables = { HOLDFAST_LISTEN: '2.2.2.2:2', HOLDFAST_ACCESS: 'signed-in' }
    const { config } = await load({ options: { listen: '3.3.3.3:3' }, variables, file })
    expect(config).toMatchObject({
      listen: { host: '3.3.3.3', port: 3 },
      access: 'signed-in',
      log: 'json',
      store: 'sqlite:.holdfast/holdfast.db',
    })
  })

  it('merges limits one by one', async () => {
    const { config } = await load({
      options: { idle: '2h' },
      file: 'session: { absolute: 3h, remember: { idle: 1d } }',
    })
    expect(config.policy.session).toEqual({ idle: 7_200_000, absolute: 10_800_000 })
    expect(config.policy.remember).toEqual({ idle: 86_400_000, absolute: 2_592_000_000 })
  })

  it('reads every setting from the environment too', async () => {
    const variables = {
      HOLDFAST_RULES: '[{ path: /public/*, access: anyone }]',
      HOLDFAST_COMMAND: '[streamlit, run, app.py]',
      HOLDFAST_SESSION_REMEMBER_IDLE: '1d',
      HOLDFAST_TRUST_PROXY: '10.0.0.0/8, fd00::/8',
      HOLDFAST_DOCUMENTS_ONLY: 'yes',
      HOLDFAST_UPSTREAM: 'http://app:8501',
    }
    const { config, command, upstreams } = await load({ variables })
    expect(config).toMatchObject({
      rules: [{ path: '/public/*', access: 'anyone' }],
      documentsOnly: true,
      trustProxy: ['10.0.0.0/8', 'fd00::/8'],
    })
    expect(config.policy.remember.idle).toBe(86_400_000)
    expect(command).toEqual(['streamlit', 'run', 'app.py'])
    expect(upstreams.map(({ href }) => href)).toEqual(['http://app:8501/'])
  })

  it('reads one instance of the app or several, whichever way they are named', async () => {
    const origins = async (sources: Parameters<typeof load>[0]): Promise<readonly string[]> =>
      (await load(sources)).upstreams.map(({ origin }) => origin)
    const both = ['http://app1:8501', 'http://app2:8501']
    expect(await origins({ file: 'upstream: http://app1:8501' })).toEqual(both.slice(0, 1))
    expect(await origins({ file: `upstream: [${both.join(', ')}]` })).toEqual(both)
    expect(await origins({ variables: { HOLDFAST_UPSTREAM: both.join(', ') } })).toEqual(both)
    const options = { upstream: ['http://app3:8501'] }
    expect(await origins({ options, file: `upstream: [${both.join(', ')}]` })).toEqual(options.upstream)
    expect(await origins({})).toEqual([])
  })

  it('says of several instances which one is wrong', async () => {
    const wanted = 'must be the address of the app such as http://127.0.0.1:8501, without a path, not'
    expect(await message({ options: { upstream: ['http://a:1', 'a:2/x'] } })).toBe(
      `--upstream ${wanted} "a:2/x"`,
    )
    expect(await message({ options: { upstream: ['app'] } })).toBe(`--upstream ${wanted} "app"`)
    expect(await message({ file: 'upstream: [http://a:1, b]' })).toMatch(
      /holdfast\.yaml:1: upstream\[1\] must be .* not "b"$/,
    )
    expect(await message({ file: 'upstream: [http://a:1, http://A:1/]' })).toContain(
      'upstream must not name an instance twice',
    )
    expect(await message({ file: 'upstream: []' })).toContain('upstream must name the app')
    const many = Array.from({ length: 65 }, (_one, at) => `http://a:${at + 1}`)
    expect(await message({ file: `upstream: [${many.join(', ')}]` })).toContain('at most 64 instances')
  })

  it('reads which system was there before, with its secret from the environment', async () => {
    const file = [
      'import: { switchedAt: 2026-11-21, acceptUntil: 2026-12-31,',
      '  from: [{ kind: streamlit-authenticator, secret: env:OLD_KEY, cookie: sa }] }',
    ].join('\n')
    const { config } = await load({ file, variables: { OLD_KEY: 'old' } })
    expect(config.import?.from).toEqual([{ kind: 'streamlit-authenticator', secret: 'old', cookie: 'sa' }])
    expect(await message({ file, variables: {} })).toContain('OLD_KEY in the environment is not set')
  })

  it('takes an empty variable for one that is not set', async () => {
    expect((await load({ variables: { HOLDFAST_LISTEN: '', HOLDFAST_SECRET: '' } })).config.secrets).toEqual(
      [],
    )
  })

  it('finds paths of the file from where the file is', async () => {
    const { config, file } = await load({
      file: 'users: people.yaml\nstore: sqlite:data/x.db\n',
      options: {},
    })
    const folder = (file ?? '').replace(/holdfast\.yaml$/, '')
    expect(config).toMatchObject({ users: `${folder}people.yaml`, store: `sqlite:${folder}data/x.db` })
  })

  it('names the faults of all three sources at once', async () => {
    const text = await message({
      options: { listen: 'x' },
      variables: { HOLDFAST_SESSION_IDLE: '12 hours' },
      file: 'acces: anyone',
    })
    expect(text).toMatch(
      /^The configuration has 3 faults:\n {2}--listen must .*\n {2}HOLDFAST_SESSION_IDLE must .*\n {2}.*holdfast\.yaml:1: acces is not known/,
    )
  })

  it('guesses the variable that was meant', async () => {
    expect(await message({ variables: { HOLDFAST_PUBLIC_URI: 'https://x.example' } })).toContain(
      'Did you mean HOLDFAST_PUBLIC_URL?',
    )
  })

  it('leaves alone what Kubernetes and the Python package set', async () => {
    const variables = {
      HOLDFAST_PORT: 'tcp://10.0.0.1:80',
      HOLDFAST_SERVICE_HOST: 'x',
      HOLDFAST_DISABLE_URL_SESSION: '1',
    }
    expect(await message({ variables })).toBe('no fault')
  })

  it('cuts the limits down to those of the profile', async () => {
    const { config } = await load({ options: { profile: 'aal3' } })
    expect(config.policy.session).toEqual({ idle: 900_000, absolute: 43_200_000 })
  })

  it('refuses what contradicts itself', async () => {
    expect(await message({ options: { idle: '2d', absolute: '1d' } })).toContain('absolute at least idle')
    expect(await message({ options: { 'public-url': 'http://x.example' } })).toContain('--insecure-http')
    expect(await message({ options: { 'public-url': 'https://x.example/form' } })).toContain('which is taken')
    expect(await message({ options: { 'trust-proxy': ['0.0.0.0/0'] } })).toContain('everybody')
  })

  it('reads a login API, asked about each session every ten minutes if nothing is said', async () => {
    const variables = {
      HOLDFAST_LOGIN_API_URL: 'https://id.example.org/in',
      HOLDFAST_LOGIN_API_VERIFY_URL: 'http://127.0.0.1:9/verify',
    }
    const { config } = await load({ variables, file: 'loginApi: { url: https://other.example.org }\n' })
    expect(config.loginApi).toEqual({
      url: new URL('https://id.example.org/in'),
      verifyUrl: new URL('http://127.0.0.1:9/verify'),
      verifyEvery: 600_000,
    })
  })

  it('refuses a login API that passwords should not be sent to, or that leaves something open', async () => {
    const refused = (file: string): Promise<string> => message({ file })
    expect(await refused('loginApi: { url: http://id.example.org }')).toContain('only on this machine')
    expect(await refused('loginApi: { url: https://ann:secret@id.example.org }')).toContain('must be')
    expect(await refused('loginApi: { verifyUrl: https://id.example.org }')).toContain('needs `url`')
    expect(await refused('loginApi: { url: https://id.example.org, verifyEvery: 5m }')).toContain('verifyUrl')
    const both = 'loginApi: { url: https://id.example.org }\nusers: people.yaml\n'
    expect(await refused(both)).toContain('choose one')
  })

  it('reads identity providers, and their secrets from the environment alone', async () => {
    const file =
      'oidc: [{ name: my-work, issuer: https://id.example.org/x, clientId: survey, scopes: [email] }]'
    const variables = { HOLDFAST_OIDC_MY_WORK_CLIENT_SECRET: 'shh' }
    expect((await load({ file, variables })).config.oidc).toEqual([
      {
        ...{
          name: 'my-work',
          label: 'my-work',
          issuer: new URL('https://id.example.org/x'),
          clientId: 'survey',
        },
        ...{ clientSecret: 'shh', scopes: ['openid', 'email'], rolesClaim: 'roles', verifyEvery: 600_000 },
        secondFactor: null,
      },
    ])
    expect(await message({ file: `${file.slice(0, -2)}, clientSecret: shh }]` })).toContain('is not known')
    expect(await message({ file: file.replace('https', 'http') })).toContain('only on this machine')
    const factor = (text: string): string => file.replace('scopes: [email]', `secondFactor: ${text}`)
    expect((await load({ file: factor('{ amr: [mfa] }'), variables })).config.oidc[0]?.secondFactor).toEqual({
      ...{ acr: [], amr: ['mfa'] },
    })
    // Nothing at all would trust nothing, and look as if it did.
    for (const empty of ['{}', '{ acr: [] }', '{ acr: [], amr: [] }'])
      expect(await message({ file: factor(empty), variables })).toContain('values of `acr` or `amr`')
    expect(await message({ file: `oidc: [${file.slice(7, -1)}, ${file.slice(7)}` })).toContain(
      'two providers',
    )
  })

  it('refuses a weak secret without repeating it', async () => {
    const text = await message({ variables: { HOLDFAST_SECRET: 'correct-horse' } })
    expect(text).toContain('too weak')
    expect(text).not.toContain('horse')
  })

  it('gives a configuration or a ConfigError, whatever is said', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '8080',
        '12h',
        'anyone',
        '[',
        '{a: *b}',
        '!!x y',
        'https://[',
        '::1',
        '-',
        '/',
        'true',
        '999999999w',
      ),
    )
    const said = fc.record({
      options: fc.dictionary(fc.constantFrom(...settings.flatMap(({ option }) => option ?? [])), value, {
        maxKeys: 3,
      }),
      variables: fc.dictionary(
        fc.oneof(
          fc.constantFrom('HOLDFAST_SECRET', ...settings.map(({ variable }) => variable)),
          fc.string().map((word) => `HOLDFAST_${word}`),
        ),
        value,
        { maxKeys: 3 },
      ),
    })
    // `message` throws whatever is no ConfigError.
    await fc.assert(
      fc.asyncProperty(said, async (one) => void (await message(one))),
      { numRuns: 500 },
    )
  })
})

describe('docs/configuration.md', () => {
  it('names every setting: its key, its option, its variable', async () => {
    const text = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
    for (const { key, option, variable } of settings) {
      expect(text).toContain(`| \`${key}\` |`)
      if (option !== null) expect(text).toContain(`\`--${option}\``)
      expect(text).toContain(`\`${variable}\``)
    }
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { parseConfig } from '../../src/gateway/config-file.ts'
import { settings } from '../../src/gateway/settings.ts'

function faultsOf(text: string): readonly string[] {
  return parseConfig(text, 'holdfast.yaml').faults
}

describe('parseConfig()', () => {
  it('reads every key', () => {
    const text = `
listen: "[::1]:8080"
publicUrl: https://apps.example.org/tool
insecureHttp: false
upstream: http://127.0.0.1:8501
command: [streamlit, run, app.py]
preset: streamlit
startTimeout: 90s
name: survey
store: sqlite:data/holdfast.db
secretFile: /run/secrets/holdfast
users: users.yaml
access: signed-in
rules: [{ path: /admin/*, roles: [admin] }, { path: /public/*, access: anyone }]
documentsOnly: true
profile: aal2
session: { idle: 1h30m, absolute: 1d, remember: { idle: 14d, absolute: 30d }, anonymous: { idle: 1h, absolute: 2h }, rotateAfter: 12h }
trustProxy: [10.0.0.0/8]
log: json
`
    const { input, faults } = parseConfig(text, 'holdfast.yaml')
    expect(faults).toEqual([])
    expect(input).toEqual({
      listen: { host: '::1', port: 8080 },
      publicUrl: 'https://apps.example.org/tool',
      insecureHttp: false,
      upstream: [new URL('http://127.0.0.1:8501')],
      command: ['streamlit', 'run', 'app.py'],
      preset: 'streamlit',
      startTimeout: 90_000,
      name: 'survey',
      store: 'sqlite:data/holdfast.db',
      secretFile: '/run/secrets/holdfast',
      users: 'users.yaml',
      access: 'signed-in',
      rules: [
        { path: '/admin/*', roles: ['admin'] },
        { path: '/public/*', access: 'anyone' },
      ],
      documentsOnly: true,
      profile: 'aal2',
      session: {
        idle: 5_400_000,
        absolute: 86_400_000,
        remember: { idle: 1_209_600_000, absolute: 2_592_000_000 },
        anonymous: { idle: 3_600_000, absolute: 7_200_000 },
        rotateAfter: 43_200_000,
      },
      trustProxy: ['10.0.0.0/8'],
      log: 'json',
    })
  })

  it('takes an empty file for one that says nothing', () => {
    expect(parseConfig('# nothing yet\n', 'x')).toEqual({ input: {}, faults: [] })
  })

  it('names every fault in the order of the lines, each with what to write instead', () => {
    const text =
      'acces: anyone\nlisten: 80x\nrules:\n  - path: admin\n    role: [x]\nsession:\n  idel: 3\nsecret: abc\nlog: jsn\n'
    expect(faultsOf(text)).toEqual([
      'holdfast.yaml:1: acces is not known here. Did you mean `access`?',
      'holdfast.yaml:2: listen must be an address and a port such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080, not "80x"',
      'holdfast.yaml:4: rules[0].path must be a path such as /admin, or /admin/* for it and all below, not "admin"',
      'holdfast.yaml:5: rules[0].role is not known here. Did you mean `roles`?',
      'holdfast.yaml:7: session.idel is not known here. Did you mean `idle`?',
      'holdfast.yaml:8: secret does not belong into a configuration file: set HOLDFAST_SECRET, or name a file with `secretFile`',
      'holdfast.yaml:9: log must be pretty or json, not "jsn". Did you mean `json`?',
    ])
  })

  it('says when a key stands there twice', () => {
    expect(faultsOf('access: anyone\naccess: signed-in\n')).toEqual([
      'holdfast.yaml:2: this key stands here a second time',
    ])
  })

  it('follows no alias and knows no tag', () => {
    expect(faultsOf('name: &a x\nusers: *a\n')).toEqual([
      'holdfast.yaml:2: write it out: aliases are not read here',
    ])
    expect(faultsOf('name: !!js/function x\n')).toEqual(['holdfast.yaml:1: tags (`!…`) are not read here'])
  })

  it('knows no key that every object has', () => {
    expect(faultsOf('__proto__: { access: anyone }\n')).toHaveLength(1)
    expect(faultsOf('constructor: 1\n')).toHaveLength(1)
    expect(faultsOf('toString: 1\n')).toHaveLength(1)
  })

  // Its cookie would be the one that guards the sign-in form, of this app or of another on the host.
  it('refuses names whose cookies would collide', () => {
    for (const name of ['form', 'survey-form']) expect(faultsOf(`name: ${name}`)).toHaveLength(1)
    for (const name of ['survey', 'form-survey', 'platform', 'a1-b2'])
      expect(faultsOf(`name: ${name}`)).toEqual([])
  })

  it('refuses names that are no plain words', () => {
    for (const name of ['Survey', 'a--b', '-a', 'a_b', 'a;b', 'a b', 'ü', 'x'.repeat(33), '""']) {
      expect(faultsOf(`name: ${name}`)).toHaveLength(1)
    }
  })

  it('refuses rules that say nothing, or two things', () => {
    expect(faultsOf('rules: [{ path: /x }]')).toHaveLength(1)
    expect(faultsOf('rules: [{ path: /x, access: anyone, roles: [a] }]')).toHaveLength(1)
    for (const path of ['x', '//x', '/a*', '/*/x', '/x?y', '/x#y', '/x y', '']) {
      expect(faultsOf(`rules: [{ path: ${JSON.stringify(path)}, access: anyone }]`)).toHaveLength(1)
    }
    for (const path of ['/', '/*', '/a', '/a/', '/a/*']) {
      expect(faultsOf(`rules: [{ path: ${JSON.stringify(path)}, access: anyone }]`)).toEqual([])
    }
  })

  it('never throws and always says where, whatever the text', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), yamlText(), mutatedText())
    fc.assert(
      fc.property(anything, (text) => {
        for (const fault of faultsOf(text)) expect(fault).toMatch(/^holdfast\.yaml:[1-9]\d*: \S/)
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Known and unknown keys with values of every kind. */
function yamlText(): fc.Arbitrary<string> {
  const key = fc.oneof(
    fc.constantFrom(...settings.map(({ key: own }) => own.split('.')[0] ?? '')),
    fc.string(),
  )
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 'anyone', '12h', 8080, '/x/*', 'https://x.example', -1, 1e300),
      fc.string(),
      fc.double(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('idle', 'remember', 'path', 'roles')), tie('any'), {
        maxKeys: 3,
      }),
    ),
  })).any
  return fc.dictionary(key, value, { maxKeys: 5 }).map((document) => stringify(document))
}

/** A sound file with a few characters of it replaced by others that mean something in YAML. */
function mutatedText(): fc.Arbitrary<string> {
  const sound = 'listen: 127.0.0.1:0\nrules:\n  - path: /a/*\n    roles: [x]\nsession: { idle: 1h }\n'
  const change = fc.tuple(
    fc.nat(sound.length),
    fc.constantFrom(...'{}[]:,&*!|>\'"%@`#-?\n\t\0', '---', '...', '<<: '),
  )
  return fc.array(change, { minLength: 1, maxLength: 5 }).map((changes) => {
    let text = sound
    for (const [at, piece] of changes) text = text.slice(0, at) + piece + text.slice(at + 1)
    return text
  })
}

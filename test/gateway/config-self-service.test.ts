import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/gateway/config-file.ts'
import { loadConfig } from '../../src/gateway/config-load.ts'
import { readFrom } from '../../src/gateway/config-self-service.ts'
import { fileWith } from '../auth/folder.ts'

const mail =
  'users: users.yaml\nmail: { url: smtps://post@mail.example.org, from: Kelp <kelp@example.org> }\n'

function faultsOf(text: string): readonly string[] {
  return parseConfig(text, 'holdfast.yaml').faults
}

async function loaded(text: string, variables: Record<string, string> = {}): ReturnType<typeof loadConfig> {
  const file = await fileWith(text, 'holdfast.yaml')
  return loadConfig({ options: new Map([['config', file]]), variables })
}

async function refusal(text: string): Promise<string> {
  return loaded(text).then(
    () => '',
    (error: Error) => error.message,
  )
}

describe('the configuration of self-service', () => {
  it('is off unless it is asked for', async () => {
    const { config } = await loaded('access: anyone\n')
    expect([config.mail, config.registration, config.guest]).toEqual([null, null, null])
  })

  it('is filled in; the password of the mail server comes from the environment', async () => {
    const more =
      'registration:\n  domains: [Example.org]\n  emails: [Kim@Other.org]\n  roles: [viewer]\n' +
      '  fields: [{ name: company, label: Company, required: true }, { name: phone, label: Phone }]\nguest: {}\n'
    const { config } = await loaded(mail + more, { HOLDFAST_MAIL_PASSWORD: 'm4il' })
    expect(config.mail).toEqual({
      url: new URL('smtps://post@mail.example.org'),
      from: 'Kelp <kelp@example.org>',
      password: 'm4il',
    })
    expect(config.registration).toEqual({
      ...{ open: false, domains: ['example.org'], emails: ['kim@other.org'], roles: ['viewer'] },
      fields: [
        { name: 'company', label: 'Company', required: true },
        { name: 'phone', label: 'Phone', required: false },
      ],
    })
    expect(config.guest).toEqual({ roles: [] })
  })

  it('comes from the environment, too', async () => {
    const { config } = await loaded('users: users.yaml\n', {
      HOLDFAST_MAIL_URL: 'smtp://127.0.0.1:2525',
      HOLDFAST_MAIL_FROM: 'kelp@example.org',
      HOLDFAST_REGISTRATION: '{ open: true }',
    })
    expect(config.mail?.url.port).toBe('2525')
    expect(config.registration?.open).toBe(true)
  })

  it.each([
    ['mail: { url: "https://mail.example.org" }', /:1: mail\.url must be the address of a mail server/],
    ['mail: { url: "smtp://mail.example.org/x" }', /:1: mail\.url must be the address of a mail server/],
    ['mail:\n  from: nobody', /:2: mail\.from must be an address/],
    ['registration:\n  domains: [example]', /:2: registration\.domains\[0\] must be the domain/],
    ['registration:\n  emails:\n  - x', /:3: registration\.emails\[0\] must be an e-mail address/],
    ['registration:\n  fields: [{ name: Company, label: x }]', /fields\[0\]\.name must be a word/],
    ['registration: { opne: true }', /Did you mean `?open/],
    ['guest: { roles: ["a,b"] }', /guest\.roles\[0\] must be the name of a role/],
  ])('says where it is wrong: %s', (text, wanted) => {
    expect(faultsOf(text).join('\n')).toMatch(wanted)
  })

  it('takes no password in the file, and does not repeat it', () => {
    const [fault = ''] = faultsOf(
      'mail: { url: "smtps://post:hunter2@mail.example.org", from: a@example.org }',
    )
    expect(fault).toContain('HOLDFAST_MAIL_PASSWORD')
    expect(fault).not.toContain('hunter2')
    expect(faultsOf('mail: { url: "post:hunter2@mail.example.org" }').join()).not.toContain('hunter2')
  })

  it('says what is missing beside it, or contradicts it', async () => {
    expect(await refusal('users: users.yaml\nregistration: { open: true }\n')).toContain(
      'registration needs `mail`',
    )
    expect(await refusal('mail: { from: a@example.org }\n')).toContain('mail needs `url`')
    expect(await refusal(mail.replace('users: users.yaml\n', 'registration: {}\n'))).toContain(
      'registration needs `users`',
    )
    expect(await refusal(`${mail}registration: { open: true, domains: [example.org] }\n`)).toContain('`open`')
    const twice = '[{ name: a, label: A }, { name: a, label: B }]'
    expect(await refusal(`${mail}registration: { fields: ${twice} }\n`)).toContain('two are named a')
  })
})

describe('readFrom', () => {
  it.each([
    ['kelp@example.org', { name: '', address: 'kelp@example.org' }],
    ['Our Kelp <kelp@example.org>', { name: 'Our Kelp', address: 'kelp@example.org' }],
    ['海带 <kelp@example.org>', { name: '海带', address: 'kelp@example.org' }],
    ['a@example.org, b@example.org', null],
    ['Kelp <a@example.org> <b@example.org>', null],
    ['Kelp\r\nBcc: x <a@example.org>', null],
  ])('%j', (text, from) => expect(readFrom(text)).toEqual(from))
})

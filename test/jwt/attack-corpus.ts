/** What attackers send, each vector with its name and the reason it must be refused for. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import type { JWK } from 'jose'
import type { JsonObject } from '../../src/core/contracts.ts'
import type { AccessClaims, Refusal } from '../../src/jwt/access-claims.ts'
import { ed25519, es256, hs256, mac, part, signatureOf, signed } from './forge.ts'

export interface Attack {
  readonly name: string
  readonly token: string
  readonly refusal: Refusal
}

const header = { alg: 'ES256', kid: 'es-1', typ: 'at+jwt' }
const mallory: JWK = {
  kty: 'EC',
  crv: 'P-256',
  x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
  y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
  d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw',
}
const publicJwk = { kty: 'EC', crv: 'P-256', x: mallory.x ?? '', y: mallory.y ?? '' }
const publicPem = String(
  createPublicKey({ key: { ...es256 }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
)

function vector(name: string, refusal: Refusal, token: string): Attack {
  return { name, refusal, token }
}

/** Signatures and algorithms: whatever the token claims about how it is to be verified. */
export function algorithmAttacks(claims: AccessClaims): readonly Attack[] {
  const body = part(claims)
  const good = signatureOf(`${part(header)}.${body}`, es256).toString('base64url')
  const unsigned = (alg: string): string => `${part({ ...header, alg })}.${body}.`
  const by = (head: JsonObject, secret: string | Uint8Array, hash?: string): string => {
    const text = `${part(head)}.${body}`
    return `${text}.${mac(secret, text, hash).toString('base64url')}`
  }
  const raw = (signature: Uint8Array): string => `${part(header)}.${body}.${part(signature)}`
  const der = sign('sha256', Buffer.from(`${part(header)}.${body}`), {
    key: createPrivateKey({ key: { ...es256 }, format: 'jwk' }),
    dsaEncoding: 'der',
  })
  const secret = Buffer.from(hs256.k ?? '', 'base64url')
  const hs = { ...header, alg: 'HS256' }
  return [
    vector('alg none without a signature', 'unknown_key', unsigned('none')),
    vector('alg None', 'unknown_key', unsigned('None')),
    vector('alg nOnE', 'unknown_key', unsigned('nOnE')),
    vector(
      'alg none with the signature kept',
      'unknown_key',
      `${part({ ...header, alg: 'none' })}.${body}.${good}`,
    ),
    vector('the right alg and no signature', 'bad_signature', `${part(header)}.${body}.`),
    vector('HS256 keyed with the public PEM', 'unknown_key', by(hs, publicPem)),
    vector('HS256 keyed with the public JWK', 'unknown_key', by(hs, JSON.stringify(publicJwk))),
    vector('HS256 keyed with the public x', 'unknown_key', by(hs, Buffer.from(es256.x ?? '', 'base64url'))),
    vector('HS256 with the right secret under the ES256 kid', 'unknown_key', by(hs, secret)),
    vector(
      'ES256 under the kid of the secret',
      'unknown_key',
      signed(part({ ...header, kid: 'hs-1' }), body),
    ),
    vector('EdDSA named, signed by ES256', 'unknown_key', signed(part({ ...header, alg: 'EdDSA' }), body)),
    vector(
      'an EdDSA key under its other name',
      'unknown_key',
      signed(part({ ...header, alg: 'Ed25519', kid: 'ed-1' }), body, ed25519),
    ),
    vector('HS256 with an empty secret', 'bad_signature', by({ ...hs, kid: 'hs-1' }, '')),
    vector('HS256 with the secret as text', 'bad_signature', by({ ...hs, kid: 'hs-1' }, hs256.k ?? '')),
    vector(
      'HS384 with the right secret',
      'unknown_key',
      by({ ...hs, alg: 'HS384', kid: 'hs-1' }, secret, 'sha384'),
    ),
    vector('SHA-512 under the name of HS256', 'bad_signature', by({ ...hs, kid: 'hs-1' }, secret, 'sha512')),
    vector('RS256', 'unknown_key', signed(part({ ...header, alg: 'RS256' }), body)),
    vector('PS256', 'unknown_key', signed(part({ ...header, alg: 'PS256' }), body)),
    vector('ES256K', 'unknown_key', signed(part({ ...header, alg: 'ES256K' }), body)),
    vector('es256 in lower case', 'unknown_key', signed(part({ ...header, alg: 'es256' }), body)),
    vector('no alg', 'malformed', signed(part({ kid: 'es-1', typ: 'at+jwt' }), body)),
    vector('alg null', 'malformed', signed(part({ ...header, alg: null }), body)),
    vector('alg in a list', 'malformed', signed(part({ ...header, alg: ['ES256'] }), body)),
    vector('a psychic signature of zeros (CVE-2022-21449)', 'bad_signature', raw(new Uint8Array(64))),
    vector('a signature in DER', 'bad_signature', raw(der)),
    vector('half a signature', 'bad_signature', raw(Buffer.from(good, 'base64url').subarray(0, 32))),
    vector('a signature with a byte too many', 'bad_signature', raw(Buffer.from(`${good}AAAA`, 'base64url'))),
    vector(
      'another token’s signature',
      'bad_signature',
      `${part(header)}.${part({ ...claims, sub: 'root' })}.${good}`,
    ),
  ]
}

/** Keys that the token brings along, or leads to. */
export function keyAttacks(claims: AccessClaims): readonly Attack[] {
  const body = part(claims)
  const kid = (value: JsonObject[string]): string => signed(part({ ...header, kid: value }), body)
  const brings = (extra: JsonObject): string => signed(part({ ...header, ...extra }), body, mallory)
  return [
    vector('no kid', 'malformed', signed(part({ alg: 'ES256', typ: 'at+jwt' }), body)),
    vector('an empty kid', 'unknown_key', kid('')),
    vector('a kid that is a path', 'unknown_key', kid('../../../../dev/null')),
    vector('a kid that is a query', 'unknown_key', kid("' UNION SELECT 'secret' --")),
    vector('a kid that is a command', 'unknown_key', kid('es-1|id')),
    vector('a kid that is a URL', 'unknown_key', kid('http://127.0.0.1:9/key')),
    vector('a kid named __proto__', 'unknown_key', kid('__proto__')),
    vector('a kid named constructor', 'unknown_key', kid('constructor')),
    vector('a kid with a space behind it', 'unknown_key', kid('es-1 ')),
    vector('a kid with a NUL', 'unknown_key', kid('es-1\0')),
    vector('a kid in another case', 'unknown_key', kid('ES-1')),
    vector('a kid that is a number', 'malformed', kid(0)),
    vector('a kid that is a list', 'malformed', kid(['es-1'])),
    vector('a kid of 2,000 characters', 'unknown_key', kid('k'.repeat(2_000))),
    vector('a key of its own in jwk', 'malformed', brings({ jwk: publicJwk })),
    vector('a jwk with our kid inside', 'malformed', brings({ jwk: { ...publicJwk, kid: 'es-1' } })),
    vector('a jku to this machine', 'malformed', brings({ jku: 'http://127.0.0.1:9/jwks' })),
    vector('an x5u to a file', 'malformed', brings({ x5u: 'file:///etc/passwd' })),
    vector('a certificate in x5c', 'malformed', brings({ x5c: ['MIIB'] })),
    vector('an x5t', 'malformed', brings({ x5t: 'AAAA' })),
    vector('a foreign key under our kid', 'bad_signature', brings({})),
  ]
}

/** Headers that want to change the rules, and tokens of another kind. */
export function headerAttacks(claims: AccessClaims): readonly Attack[] {
  const body = part(claims)
  const head = (extra: JsonObject): string => signed(part({ ...header, ...extra }), body)
  const bomb = part(deflateRawSync(Buffer.alloc(2_000_000, 32)))
  const text = JSON.stringify(claims)
  const plain = `${part({ ...header, b64: false, crit: ['b64'] })}.${text}`
  const { typ: _, ...untyped } = header
  return [
    vector('crit with an extension', 'malformed', head({ crit: ['x'], x: 1 })),
    vector('an empty crit', 'malformed', head({ crit: [] })),
    vector('crit over a member that is understood', 'malformed', head({ crit: ['typ'] })),
    vector(
      'b64 false with its payload in clear',
      'malformed',
      `${plain}.${signatureOf(plain, es256).toString('base64url')}`,
    ),
    vector('b64 false alone', 'malformed', head({ b64: false })),
    vector(
      'zip with a bomb of 2 MB',
      'malformed',
      signed(part({ ...header, zip: 'DEF' }), bomb.slice(0, 2_800)),
    ),
    vector(
      'an encrypted token',
      'malformed',
      `${part({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })}..AAAA.${bomb.slice(0, 2_000)}.AAAA`,
    ),
    vector(
      'PBES2 with a billion rounds',
      'malformed',
      `${part({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1e9, p2s: 'AAAA' })}.AAAA.AAAA.AAAA.AAAA`,
    ),
    vector('a nested token', 'malformed', head({ cty: 'JWT' })),
    vector(
      'an unsecured token nested in a signed one',
      'malformed',
      signed(part(header), part(`${part({ alg: 'none' })}.${body}.`)),
    ),
    vector('a member nobody knows', 'malformed', head({ admin: true })),
    vector('no typ', 'malformed', signed(part(untyped), body)),
    vector('an ID token (typ JWT)', 'malformed', head({ typ: 'JWT' })),
    vector('a logout token', 'malformed', head({ typ: 'logout+jwt' })),
    vector('a DPoP proof', 'malformed', head({ typ: 'dpop+jwt' })),
    vector('typ in another case', 'malformed', head({ typ: 'AT+JWT' })),
    vector(
      'typ with its media type prefix, which we never write',
      'malformed',
      head({ typ: 'application/at+jwt' }),
    ),
    vector('typ as a list', 'malformed', head({ typ: ['at+jwt'] })),
  ]
}

/** Rightly signed claims that do not count, now being `claims.iat`. */
export function claimAttacks(claims: AccessClaims): readonly Attack[] {
  const now = claims.iat
  const says = (name: string, refusal: Refusal, changed: JsonObject): Attack =>
    vector(name, refusal, signed(part(header), part({ ...claims, ...changed })))
  const lacks = (member: string, refusal: Refusal): Attack => {
    const rest = Object.fromEntries(Object.entries(claims).filter(([name]) => name !== member))
    return vector(`no ${member}`, refusal, signed(part(header), part(rest)))
  }
  const written = (name: string, exp: string): Attack => {
    const text = JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', `"exp":${exp}`)
    return vector(name, 'bad_claims', signed(part(header), part(text)))
  }
  const old = { iat: now - 600 }
  return [
    says('exp this very second', 'expired', { ...old, exp: now }),
    says('exp a second ago', 'expired', { ...old, exp: now - 1 }),
    says('exp as text', 'bad_claims', { exp: String(now + 60) }),
    says('exp null', 'bad_claims', { exp: null }),
    says('exp true', 'bad_claims', { exp: true }),
    says('exp with a fraction', 'bad_claims', { exp: now + 60.5 }),
    says('exp in milliseconds', 'bad_claims', { exp: (now + 60) * 1000 }),
    says('exp below zero', 'bad_claims', { exp: -1, iat: -2 }),
    says('a life of a year', 'bad_claims', { exp: now + 31_536_000 }),
    written('exp beyond every number', '1e400'),
    written('exp beyond whole numbers', '9007199254740993'),
    says('nbf in the next minute', 'not_yet_valid', { nbf: now + 60 }),
    says('nbf as text', 'bad_claims', { nbf: String(now) }),
    says('iat in the next minute', 'not_yet_valid', { iat: now + 60, exp: now + 120 }),
    says('iat after exp', 'bad_claims', { iat: now + 700, exp: now + 600 }),
    says('iat as text', 'bad_claims', { iat: String(now) }),
    says('another issuer', 'wrong_issuer', { iss: 'https://evil.example' }),
    says('our issuer with a slash more', 'wrong_issuer', { iss: `${claims.iss}/` }),
    says('our issuer in a list', 'wrong_issuer', { iss: [claims.iss] }),
    says('another audience', 'wrong_audience', { aud: 'another-app' }),
    says('an audience that ours begins with', 'wrong_audience', { aud: claims.aud.slice(0, -1) }),
    says('an audience that begins with ours', 'wrong_audience', { aud: `${claims.aud}2` }),
    says('our audience in a list', 'wrong_audience', { aud: [claims.aud] }),
    says('our audience among others', 'wrong_audience', { aud: ['another-app', claims.aud] }),
    says('no audience at all, in a list', 'wrong_audience', { aud: [] }),
    says('a number as sub', 'bad_claims', { sub: 42 }),
    says('an empty sub', 'bad_claims', { sub: '' }),
    says('the sub of somebody else', 'session_ended', { sub: 'ben' }),
    says('our sub by another authenticator', 'session_ended', { idp: 'oidc' }),
    says('a sid nobody has', 'session_ended', { sid: 'A'.repeat(22) }),
    says('a sid that is a key of the store', 'bad_claims', { sid: '../../etc/passwd' }),
    says('a record nobody has', 'session_ended', { rid: 'A'.repeat(43), sid: 'B'.repeat(22) }),
    says('a jti that is a number', 'bad_claims', { jti: 1 }),
    lacks('exp', 'bad_claims'),
    lacks('iat', 'bad_claims'),
    lacks('iss', 'wrong_issuer'),
    lacks('aud', 'wrong_audience'),
    lacks('sub', 'bad_claims'),
    lacks('sid', 'bad_claims'),
    lacks('rid', 'bad_claims'),
    lacks('jti', 'bad_claims'),
    lacks('idp', 'bad_claims'),
  ]
}

/** The same token in other spellings, and what is no token. */
export function spellingAttacks(claims: AccessClaims): readonly Attack[] {
  const head = part(header)
  const body = part(claims)
  const token = signed(head, body)
  const [, , signature = ''] = token.split('.')
  const text = JSON.stringify(claims)
  const bytes = (...parts: readonly (string | Uint8Array)[]): string =>
    signed(head, part(Buffer.concat(parts.map((one) => Buffer.from(one as string)))))
  // 64 bytes leave four bits over in the last character: 15 other characters decode to the same bytes.
  const last = signature.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const twin = alphabet[alphabet.indexOf(last) + 1] ?? ''
  const twice = (json: string): string => signed(part(json), body)
  return [
    vector('nothing', 'malformed', ''),
    vector('two dots', 'malformed', '..'),
    vector('two parts', 'malformed', `${head}.${body}`),
    vector('four parts', 'malformed', `${token}.`),
    vector('two tokens in a row', 'malformed', `${token}.${token}`),
    vector('a space before it', 'malformed', ` ${token}`),
    vector('a line break behind it', 'malformed', `${token}\n`),
    vector('a space inside', 'malformed', token.replace('.', ' .')),
    vector('a NUL inside', 'malformed', token.replace('.', '\0.')),
    vector('a dot of another script', 'malformed', token.replace('.', '．')),
    vector('a letter of another script', 'malformed', token.replace('e', 'е')),
    vector('padding', 'malformed', `${token}==`),
    vector(
      'the alphabet of plain base64',
      'malformed',
      `${head}.${body}.${Buffer.from(signature, 'base64url').toString('base64')}`,
    ),
    vector('stray bits in the last character', 'malformed', `${token.slice(0, -1)}${twin}`),
    vector(
      'the JSON serialisation',
      'malformed',
      JSON.stringify({ payload: body, protected: head, signature }),
    ),
    vector('alg twice', 'malformed', twice('{"alg":"none","alg":"ES256","kid":"es-1","typ":"at+jwt"}')),
    vector(
      'alg twice, once in escapes',
      'malformed',
      twice('{"\\u0061lg":"none","alg":"ES256","kid":"es-1","typ":"at+jwt"}'),
    ),
    vector('kid twice', 'malformed', twice('{"alg":"ES256","kid":"hs-1","kid":"es-1","typ":"at+jwt"}')),
    vector('sub twice', 'malformed', bytes(text.replace('{', '{"sub":"root",'))),
    vector('exp twice, once in escapes', 'malformed', bytes(text.replace('{', '{"e\\u0078p":1,'))),
    vector('a member twice deep inside', 'malformed', bytes(text.replace('{', '{"x":[{"a":1,"a":2}],'))),
    vector('claims that are a list', 'malformed', bytes(`[${text}]`)),
    vector('claims that are a text', 'malformed', bytes(JSON.stringify(text))),
    vector('claims that are null', 'malformed', bytes('null')),
    vector('claims with something behind them', 'malformed', bytes(text, '{}')),
    vector('claims with a comment', 'malformed', bytes(text.replace('{', '{/**/'))),
    vector('claims behind a byte order mark', 'malformed', bytes(Uint8Array.of(0xef, 0xbb, 0xbf), text)),
    vector('claims in UTF-16', 'malformed', bytes(Buffer.from(text, 'utf16le'))),
    vector(
      'claims that are no UTF-8',
      'malformed',
      bytes(text.slice(0, -1), ',"x":"', Uint8Array.of(0xc0, 0xaf), '"}'),
    ),
    vector(
      'a tower of brackets',
      'malformed',
      bytes(text.slice(0, -1), `,"x":${'['.repeat(900)}${']'.repeat(900)}}`),
    ),
    vector('a token of 5 MB', 'malformed', signed(head, part({ ...claims, x: 'x'.repeat(5_000_000) }))),
    vector('a megabyte of dots', 'malformed', '.'.repeat(1_000_000)),
  ]
}

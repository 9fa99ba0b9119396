/** Everything that can be configured, checked and with its defaults filled in. */
import type { Policy } from '../core/policy.ts'
import type { Access, AccessRule } from './access.ts'
import type { ImportConfig } from './config-import.ts'
import type { SelfServiceConfig } from './config-self-service.ts'

/** Where the app runs, or several instances of it; or how it is started. */
export type UpstreamConfig =
  | { readonly kind: 'url'; readonly urls: readonly URL[] }
  | { readonly kind: 'command'; readonly command: string; readonly args: readonly string[] }

/** An identity provider that speaks OpenID Connect. */
export interface OidcConfig {
  /** Names it in paths and in the environment. */
  readonly name: string
  /** As people know it. */
  readonly label: string
  readonly issuer: URL
  readonly clientId: string
  /** `null` for a public client. */
  readonly clientSecret: string | null
  readonly scopes: readonly string[]
  readonly rolesClaim: string
  /** Its addresses count also where it does not say that they are verified. @default false */
  readonly trustEmail?: boolean
  /** How often it is asked whether somebody may stay, in milliseconds. */
  readonly verifyEvery: number
  /** What its ID token says of who showed it a second factor; `null`: nothing that is trusted here. */
  readonly secondFactor: { readonly acr: readonly string[]; readonly amr: readonly string[] } | null
}

/** What the app is: decides what is special about it. `auto` goes by the command, or asks the app. */
export type PresetChoice = 'auto' | 'streamlit' | 'generic'

/** The admin page, on a listener of its own. */
export interface AdminConfig {
  readonly listen: { readonly host: string; readonly port: number }
  /** The address browsers use; `null`: only this machine is served. */
  readonly publicUrl: string | null
  /** Who has one of these roles may come in. */
  readonly roles: readonly string[]
}

/** What holds for every command, the ones that serve nothing included. */
export interface Config extends SelfServiceConfig {
  readonly preset: PresetChoice
  readonly listen: { readonly host: string; readonly port: number }
  /** The address browsers use; `null`: only this machine is served. */
  readonly publicUrl: string | null
  readonly insecureHttp: boolean
  /** Tells apps on one host or in one store apart; '' for the only one. */
  readonly name: string
  /** `memory:`, `sqlite:<path>`, or the address of a Redis or Postgres. */
  readonly store: string
  /** Where the app reaches its state; `null`: a free port of this machine for an app of ours, nowhere for another. */
  readonly stateListen: { readonly host: string; readonly port: number } | null
  /** The users file; `null`: nobody can sign in with a password. */
  readonly users: string | null
  /** An API that knows who may sign in, and is asked again about those who have; `null`: the users file is all. */
  readonly loginApi: {
    readonly url: URL
    readonly verifyUrl: URL | null
    /** In milliseconds. */
    readonly verifyEvery: number
  } | null
  /** Identity providers that one can sign in with. */
  readonly oidc: readonly OidcConfig[]
  /** An earlier system whose users need not sign in again; `null`: there is none. */
  readonly import: ImportConfig | null
  /** `null`: there is no admin page. */
  readonly admin: AdminConfig | null
  readonly access: Access
  readonly rules: readonly AccessRule[]
  /** Accepts that rules guard documents only, where the app picks its pages inside one socket. */
  readonly documentsOnly: boolean
  /** Whether everybody must have a second factor, or who likes. */
  readonly secondFactor: 'optional' | 'required'
  readonly policy: Policy
  /** Proxies whose X-Forwarded-For is believed, as CIDRs. */
  readonly trustProxy: readonly string[]
  /** Newest first; empty: one is made beside an embedded store. */
  readonly secrets: readonly string[]
  readonly secretFile: string | null
  /** How long the app may take until it answers, in milliseconds. */
  readonly startTimeout: number
  readonly log: 'json' | 'pretty'
}

/** A gateway in front of one app. */
export interface GatewayConfig extends Config {
  readonly upstream: UpstreamConfig
}

/** What the package offers, read from its source by the compiler: every exported name, its comment and its declaration. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClassDeclaration, Node, VariableDeclaration } from 'typescript/unstable/ast'
import {
  isClassDeclaration,
  isExpressionWithTypeArguments,
  isFunctionDeclaration,
  isPrivateIdentifier,
  isTypeParameterDeclaration,
  isTypeReferenceNode,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is'
import { API, type Symbol as Named, type Project, SymbolFlags } from 'typescript/unstable/sync'

const root = fileURLToPath(new URL('../', import.meta.url))

/** One name that an entry point exports. */
export interface ApiName {
  readonly name: string
  readonly isType: boolean
  /** What its comment says, in Markdown; `''` if it has none. */
  readonly text: string
  /** As it is written, with the comments of its members and without bodies. */
  readonly declaration: string
  /** File and name: tells it from another of the same name. */
  readonly key: string
  /** The keys of our types that its declaration mentions. */
  readonly mentions: readonly string[]
}

/** What can be imported from one path. */
export interface ApiEntry {
  /** `holdfast/express`. */
  readonly path: string
  readonly names: readonly ApiName[]
}

/** Every entry point, in the order of package.json. */
export function readApi(): readonly ApiEntry[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    exports: Record<string, string | { default: string }>
  }
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [`${root}tsconfig.build.json`] })
    const project = snapshot.getProjects()[0]
    if (project === undefined) throw new Error('tsconfig.build.json is no project.')
    return Object.entries(exports).flatMap(([path, target]) => {
      if (typeof target === 'string') return []
      const file = `${root}${target.default.replace('./dist/', 'src/').replace(/js$/, 'ts')}`
      return [{ path: `holdfast${path.slice(1)}`, names: namesOf(project, file) }]
    })
  } finally {
    api.close()
  }
}

function namesOf(project: Project, path: string): readonly ApiName[] {
  const { checker, program } = project
  const file = program.getSourceFile(path)
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file)
  if (module === undefined) throw new Error(`${path} exports nothing.`)
  const names = checker.getExportsOfModule(module).map((symbol): ApiName => {
    const nodes = declarationsOf(project, symbol)
    const [first] = nodes
    if (first === undefined) throw new Error(`${symbol.name} of ${path} is declared nowhere.`)
    return {
      name: symbol.name,
      isType: !(isFunctionDeclaration(first) || isClassDeclaration(first) || isVariableDeclaration(first)),
      text: commentOf(first),
      declaration: nodes.map(declarationOf).join('\n'),
      key: keyOf(first, targetOf(project, symbol).name),
      mentions: mentionsOf(project, nodes),
    }
  })
  return names.toSorted((a, b) => Number(a.isType) - Number(b.isType) || (a.name < b.name ? -1 : 1))
}

/** What a name stands for, behind all imports and re-exports. */
function targetOf(project: Project, symbol: Named): Named {
  return symbol.flags & SymbolFlags.Alias ? project.checker.getAliasedSymbol(symbol) : symbol
}

/** Where something is declared. Of overloads, those that callers see. */
function declarationsOf(project: Project, symbol: Named): readonly Node[] {
  const { declarations } = targetOf(project, symbol)
  const nodes = declarations.flatMap((handle) => handle.resolve(project) ?? [])
  const overloads = nodes.filter((node) => isFunctionDeclaration(node) && node.body === undefined)
  return overloads.length > 0 ? overloads : nodes
}

function keyOf(node: Node, name: string): string {
  return `${relative(root, node.getSourceFile().fileName)}#${name}`
}

/** The node that carries the comment and the word `export`. */
function statementOf(node: Node): Node {
  return isVariableDeclaration(node) ? node.parent.parent : node
}

/** The comment right above, without its marks. What stands apart by an empty line speaks of the whole file. */
function commentOf(node: Node): string {
  const statement = statementOf(node)
  const before = statement.getSourceFile().text.slice(statement.getFullStart(), statement.getStart())
  const [, body = ''] = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/[ \t]*\n[ \t]*$/.exec(before) ?? []
  return body
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join('\n')
    .trim()
}

function declarationOf(node: Node): string {
  if (isVariableDeclaration(node)) return variable(node)
  if (isClassDeclaration(node)) return classOf(node)
  const text = isFunctionDeclaration(node) ? upTo(node, node.body) : node.getText()
  return withoutModifiers(text)
}

function withoutModifiers(text: string): string {
  return text.replace(/^(?:export |declare |async )+/, '').trim()
}

/** The text of a node before one of its parts. */
function upTo(node: Node, part: Node | undefined): string {
  const text = node.getSourceFile().text.slice(node.getStart(), part?.getFullStart() ?? node.getEnd())
  return text.trim()
}

function variable(node: VariableDeclaration): string {
  const { name, type, initializer } = node
  const typed = type === undefined ? ` = ${initializer?.getText() ?? 'unknown'}` : `: ${type.getText()}`
  return `const ${name.getText()}${typed}`
}

/** A class as its users see it: members with their comments, without bodies and without what is private. */
function classOf(node: ClassDeclaration): string {
  const head = withoutModifiers(node.getText().slice(0, node.getText().indexOf('{') + 1))
  const members = node.members.filter((member) => {
    const { name } = member as { name?: Node }
    const isHidden = name !== undefined && isPrivateIdentifier(name)
    return !isHidden && !/^(?:private|protected)\b/.test(member.getText())
  })
  const texts = members.map((member) => {
    const { body, initializer } = member as { body?: Node; initializer?: Node }
    const comment = commentOf(member)
    const text = upTo(member, body ?? initializer)
      .replace(/ =$/, '')
      .replace(/^declare |\basync /, '')
    return `  ${comment === '' ? '' : `/** ${comment} */\n  `}${text}`
  })
  return texts.length === 0 ? `${head}}` : `${head}\n${texts.join('\n')}\n}`
}

/** Our types that the declarations name, those in bodies left out. */
function mentionsOf(project: Project, nodes: readonly Node[]): readonly string[] {
  const names: Node[] = []
  const visit = (node: Node): void => {
    if (isTypeReferenceNode(node)) names.push(node.typeName)
    if (isExpressionWithTypeArguments(node)) names.push(node.expression)
    const { body } = node as { body?: Node }
    node.forEachChild((child) => {
      if (child !== body) visit(child)
    })
  }
  for (const node of nodes) visit(node)
  const found = names.length === 0 ? [] : project.checker.getSymbolAtLocation(names)
  const keys = found.flatMap((symbol) => {
    const [node] = symbol === undefined ? [] : declarationsOf(project, symbol)
    if (symbol === undefined || node === undefined) return []
    // Type parameters are nobody's but the declaration's own.
    const isOurs =
      node.getSourceFile().fileName.startsWith(`${root}src/`) && !isTypeParameterDeclaration(node)
    return isOurs ? [keyOf(node, targetOf(project, symbol).name)] : []
  })
  return [...new Set(keys)]
}

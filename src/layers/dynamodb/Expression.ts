/**
 * Expressions of DynamoDB, whose names and values stand apart from their text.
 *
 * @since 0.1.0
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb"

/**
 * Collects the names and values of the expressions of one request. Every name is an alias, since many are reserved.
 *
 * @since 0.1.0
 * @category models
 */
export class Expression {
  readonly #names = new Map<string, string>()
  readonly #values = new Map<string, AttributeValue>()

  name(attribute: string): string {
    const alias = `#${attribute}`
    this.#names.set(alias, attribute)
    return alias
  }

  value(value: AttributeValue): string {
    const alias = `:v${this.#values.size}`
    this.#values.set(alias, value)
    return alias
  }

  text(value: string): string {
    return this.value({ S: value })
  }

  number(value: number): string {
    return this.value({ N: String(value) })
  }

  exists(attribute: string): string {
    return `attribute_exists(${this.name(attribute)})`
  }

  isAbsent(attribute: string): string {
    return `attribute_not_exists(${this.name(attribute)})`
  }

  compare(attribute: string, operator: "=" | "<>" | "<" | "<=" | ">" | ">=", value: string | number): string {
    const alias = typeof value === "string" ? this.text(value) : this.number(value)
    return `${this.name(attribute)} ${operator} ${alias}`
  }

  /** Holds for an attribute that is absent, too. */
  isNoMap(attribute: string): string {
    return `(NOT attribute_type(${this.name(attribute)}, ${this.text("M")}))`
  }

  /** DynamoDB takes no bounds of which the lower one is the greater. */
  isBetween(attribute: string, from: number, to: number): string {
    return `${this.name(attribute)} BETWEEN ${this.number(from)} AND ${this.number(to)}`
  }

  /** Gives the list of attributes that a read is to give. */
  projection(attributes: ReadonlyArray<string>): string {
    return attributes.map((attribute) => this.name(attribute)).join(", ")
  }

  /** The names and values for a request. DynamoDB takes no empty maps. */
  get maps(): {
    readonly ExpressionAttributeNames?: Record<string, string>
    readonly ExpressionAttributeValues?: Record<string, AttributeValue>
  } {
    return {
      ...(this.#names.size === 0 ? {} : { ExpressionAttributeNames: Object.fromEntries(this.#names) }),
      ...(this.#values.size === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(this.#values) })
    }
  }
}

/**
 * Joins conditions that must all hold.
 *
 * @since 0.1.0
 * @category combinators
 */
export const allOf = (...conditions: ReadonlyArray<string>): string => conditions.join(" AND ")

/**
 * Joins conditions of which one must hold.
 *
 * @since 0.1.0
 * @category combinators
 */
export const anyOf = (...conditions: ReadonlyArray<string>): string => `(${conditions.join(" OR ")})`

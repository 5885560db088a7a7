/** What rules may look at beside the call and its tool. */
export interface CallContext {
  /** The call's arguments, parsed and valid. */
  readonly input: { readonly [name: string]: unknown };
  /** The tool whose output brought words of strangers into this turn; absent as long as there are none. */
  readonly untrusted?: string;
  /** Whose words, beside the user's and ours, the model has before it anywhere in the thread; absent without any. */
  readonly strangers?: string;
  /** The file of the project whose instructions the model is given. */
  readonly projectInstructions?: string;
}

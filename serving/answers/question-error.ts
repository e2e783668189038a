/** Something in a question that can't be answered as asked: what, its value, and what to ask instead. */
export class QuestionError extends Error {
  readonly kind = 'question';
  readonly status: 400 | 404 | 409 | 503;
  readonly subject: string;
  readonly value: string;
  readonly remedy: string;

  constructor(subject: string, value: string, what: string, remedy: string, status: 400 | 404 | 409 | 503 = 400) {
    super(`${subject} ${JSON.stringify(value)} ${what}; ${remedy}`);
    this.name = 'QuestionError';
    this.status = status;
    this.subject = subject;
    this.value = value;
    this.remedy = remedy;
  }
}

/** Embeddings in the OpenAI shape: what is asked and what comes back. */
import type { RouteInfo, RouteOptions } from "./route.js";

/** What the vectors are for; put into each provider's own words. */
export type EmbeddingInputType = "query" | "document" | "classification" | "clustering" | "similarity";

/** A request for one vector an input. Fields of the provider's own are passed on. */
export interface EmbeddingCreateParams {
  /** A text, texts, the ids of a text's tokens, or several lists of those. */
  input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  /** An embedding model by name: none is chosen for you. */
  model: string;
  /** Further deployments of the same model, to be tried in this order. */
  models?: string[];
  /** The length of the vectors. */
  dimensions?: number | null;
  encoding_format?: "float" | "base64" | null;
  input_type?: EmbeddingInputType | null;
  user?: string;
  /** How the request is routed; fallbacks must be the same model. */
  route?: RouteOptions;
  [field: string]: unknown;
}

/** The vector of one input. */
export interface Embedding {
  object: "embedding";
  index: number;
  /** Numbers; with `encoding_format: "base64"` a string of 32-bit floats, as in the `openai` package. */
  embedding: number[];
}

/** Vectors in the order of their inputs. */
export interface CreateEmbeddingResponse {
  object: "list";
  data: Embedding[];
  /** The `provider/model` that answered. */
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
  /** How the reply was made. */
  clawrouters: RouteInfo;
}

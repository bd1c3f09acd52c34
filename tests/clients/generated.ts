// How an application uses generated code. It is compiled, never run: the types are what is tested.
import { generateClient } from "aws-amplify/api";
import { DataStore } from "aws-amplify/datastore";

import { Status, type CreatePostInput } from "./sample/src/API";
import { createPost } from "./sample/src/graphql/mutations";
import { getPost, listPosts } from "./sample/src/graphql/queries";
import { onCreatePost } from "./sample/src/graphql/subscriptions";
import { Comment, Post } from "./sample/src/models";

const client = generateClient();

export async function documents(): Promise<string[]> {
  const input: CreatePostInput = { title: "A", status: Status.DRAFT };
  const created = await client.graphql({ query: createPost, variables: { input } });
  const id: string = created.data.createPost.id;
  const one = await client.graphql({ query: getPost, variables: { id } });
  const rating: number | null | undefined = one.data.getPost?.rating;
  const many = await client.graphql({ query: listPosts, variables: { filter: { rating: { ge: rating } } } });
  const items = many.data.listPosts.items;
  client.graphql({ query: onCreatePost }).subscribe({ next: ({ data }) => data.onCreatePost.title.length });
  // @ts-expect-error: a post has a title
  await client.graphql({ query: createPost, variables: { input: { status: Status.DRAFT } } });
  // @ts-expect-error: there is no such field
  one.data.getPost?.nothing;
  return items.map((item) => item.title);
}

export async function models(): Promise<number> {
  const post = await DataStore.save(new Post({ title: "A", status: "DRAFT" }));
  await DataStore.save(Post.copyOf(post, (draft) => void (draft.title = "B")));
  const comments = await post.comments.toArray();
  const texts: string[] = comments.map((comment) => comment.text);
  const parent: Post | undefined = await new Comment({ text: "C", post }).post;
  // @ts-expect-error: a post has a title
  new Post({ status: "DRAFT" });
  return texts.length + (parent?.title.length ?? 0);
}

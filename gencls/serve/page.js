
"use strict";
const at = (id) => document.getElementById(id);
const percent = (share) => (100 * share).toFixed(1) + "\u00a0%";

// All that comes from outside becomes text, never markup.
function made(tag, content, kind) {
  const element = document.createElement(tag);
  element.textContent = content;
  if (kind) element.className = kind;
  return element;
}

function answer(label, share, first) {
  const row = made("div", "", first ? "answer first" : "answer");
  const bar = made("div", "", "bar");
  const fill = made("i", "");
  fill.style.width = 100 * share + "%";
  bar.append(fill);
  row.append(made("span", label), bar, made("span", percent(share), "number"));
  return row;
}

function abstention(prediction) {
  if (prediction.label === null) return "The model gives no label. A person had better look.";
  const threshold = at("form").dataset.threshold;
  const below = threshold === "" ? "" : `, below the ${percent(Number(threshold))} that it should have`;
  return `The model abstains: it is ${percent(prediction.confidence)} sure${below}. A person had better look.`;
}

function example(row) {
  const article = made("article", "");
  const about = made("p", "", "soft");
  about.append(made("b", row.label), ` · similarity ${row.similarity.toFixed(2)} · ${row.id}`);
  article.append(about, made("p", row.text));
  return article;
}

function show(prediction) {
  at("verdict").textContent = prediction.label === null ? "No label" : `${prediction.label}, ${percent(prediction.confidence)}`;
  at("abstention").hidden = !prediction.abstained;
  at("abstention").textContent = prediction.abstained ? abstention(prediction) : "";
  at("explanation").hidden = !prediction.explanation;
  at("explanation").textContent = prediction.explanation ?? "";
  const shares = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1]);
  at("bars").style.setProperty("--threshold", 100 * Number(at("form").dataset.threshold) + "%");
  at("bars").replaceChildren(...shares.map(([label, share]) => answer(label, share, label === prediction.label)));
  const nearest = prediction.nearest ?? [];
  at("rows").replaceChildren(...nearest.map(example));
  at("nearest").hidden = nearest.length === 0;
  at("result").hidden = false;
}

function fail(sentence) {
  at("error").textContent = sentence;
  at("error").hidden = sentence === "";
  if (sentence) at("result").hidden = at("nearest").hidden = true;
}

async function ask(text) {
  const headers = { "content-type": "application/json" };
  const token = at("token");
  if (token && token.value) headers.authorization = "Bearer " + token.value;
  const response = await fetch("predict", { method: "POST", headers, body: JSON.stringify({ texts: [text] }) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer.predictions[0];
}

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = at("form").querySelector("button");
  button.disabled = true;
  try {
    const prediction = await ask(at("text").value);
    fail("");
    show(prediction);
  } catch (error) {
    fail(error instanceof TypeError ? "The server does not answer." : error.message);
  }
  button.disabled = false;
});

at("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("form").requestSubmit();
});

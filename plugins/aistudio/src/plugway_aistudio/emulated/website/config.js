// What the server tells this load of the page.

export const config = JSON.parse(document.getElementById("config").textContent);

// Sends the code when its last digit is typed, sends no form twice, and carries the part of the address behind `#`, which
// no server sees, over the login. Without scripts the button does it.
(function () {
  var form = document.querySelector("form");
  var next = form.querySelector("input[name=next]");
  var field = form.querySelector("input[name=otp]");
  var digits = field ? Number(field.dataset.digits) : 0;
  var sent = false;
  var free = function () { sent = false; };
  // Of what browsers leave in a fragment, a return address may not hold a backslash.
  var fragment = location.hash.replace(/\\/g, "%5C");
  if (next && next.value.indexOf("#") < 0 && next.value.length + fragment.length <= 4096) {
    next.value += fragment;
  }
  form.addEventListener("submit", function (event) {
    if (sent) {
      event.preventDefault();
    }
    sent = true;
    // Where no answer comes, the person may try again.
    setTimeout(free, 10000);
  });
  window.addEventListener("pageshow", free);
  if (digits) {
    field.addEventListener("input", function () {
      var typed = field.value.replace(/[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069]/g, "");
      var name = form.querySelector("input[name=username]");
      if (!sent && typed.length === digits && /^[0-9]+$/.test(typed) && (!name || name.value)) {
        form.requestSubmit();
      }
    });
  }
})();

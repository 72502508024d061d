// Sends the form when the last digit is typed. Without scripts the button does it.
(function () {
  var field = document.querySelector("input[name=otp]");
  var digits = Number(field.dataset.digits);
  var sent = false;
  field.addEventListener("input", function () {
    var typed = field.value.replace(/ /g, "");
    var name = document.querySelector("input[name=username]");
    if (!sent && typed.length === digits && /^[0-9]+$/.test(typed) && (!name || name.value)) {
      sent = true;
      field.form.requestSubmit();
    }
  });
  window.addEventListener("pageshow", function () { sent = false; });
})();

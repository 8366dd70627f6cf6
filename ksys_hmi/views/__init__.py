"""Pages and dialogs: layout, bind, paint."""

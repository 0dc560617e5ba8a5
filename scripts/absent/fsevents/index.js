throw new Error('fsevents is not used here');
